import { EvergreenError } from '../shared/errors.ts';
import { type JsonLimits, parseStrictJson } from './strict-json.ts';

/** A request as any door hands it over. Header names are in lower case. */
export interface WireRequest {
  method: string;
  /** Path without query, percent-encoded. */
  path: string;
  headers: Readonly<Record<string, string | undefined>>;
  body: Uint8Array;
  /** Whether a reply of bytes would reach the caller as it is. @default true */
  takesBinary?: boolean;
  traceId: string;
}

export const jsonDepth = 16;

export const mediaTypes = {
  json: 'application/json',
  csv: 'text/csv',
  octets: 'application/octet-stream',
} as const;
export type BodyKind = keyof typeof mediaTypes;

/** What a content type says: the media type, and its parameters by name. */
export interface ContentType {
  media: string;
  parameters: ReadonlyMap<string, string>;
}

/** Without the header JSON is meant. */
export function contentTypeOf(header: string | undefined): ContentType {
  const [media = '', ...rest] = (header ?? mediaTypes.json).toLowerCase().split(';');
  const parameters = rest.map((each): [string, string] => {
    const [name = '', value = ''] = each.split('=', 2);
    return [name.trim(), value.trim().replace(/^"(.*)"$/, '$1')];
  });
  return { media: media.trim(), parameters: new Map(parameters) };
}

/**
 * Which of the kinds a body is, by its headers.
 *
 * @throws EvergreenError `media-type-unsupported` or `request-too-large`.
 */
export function requireBody(
  { headers, body }: Pick<WireRequest, 'headers' | 'body'>,
  kinds: readonly BodyKind[],
  limitBytes: number,
): BodyKind {
  const type = headers['content-type'];
  const isUsual = type === mediaTypes.json && headers['content-encoding'] === undefined;
  if (isUsual && kinds.includes('json') && body.length <= limitBytes) return 'json';
  const { media, parameters } = contentTypeOf(type);
  const kind = kinds.find((each) => mediaTypes[each] === media);
  const isUtf8 = /^utf-?8$/.test(parameters.get('charset') ?? 'utf-8');
  const encoding = headers['content-encoding'] ?? 'identity';
  const isPlain = encoding.toLowerCase() === 'identity';
  if (kind === undefined || !isUtf8 || !isPlain) {
    const what = isPlain ? `the content type ${type}` : `the encoding ${encoding}`;
    const wanted = kinds.map((each) => mediaTypes[each]).join(' or ');
    throw new EvergreenError(
      'media-type-unsupported',
      `${what.slice(0, 100)} is not read; send ${wanted} in UTF-8, not compressed`,
    );
  }
  if (body.length > limitBytes) {
    throw new EvergreenError(
      'request-too-large',
      `the body has ${body.length} bytes; at most ${limitBytes} are read, so send fewer rows at once`,
    );
  }
  return kind;
}

/**
 * The JSON document that a request brings.
 *
 * @throws EvergreenError `media-type-unsupported`, `request-too-large` or `request-not-json`.
 */
export function readJsonBody(
  request: Pick<WireRequest, 'headers' | 'body'>,
  limitBytes: number,
  options: Pick<JsonLimits, 'readsNaN'> = {},
): unknown {
  requireBody(request, ['json'], limitBytes);
  return parseStrictJson(request.body, { depth: jsonDepth, ...options });
}
