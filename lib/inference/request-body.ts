import { EvergreenError } from '../shared/errors.ts';
import { parseStrictJson } from './strict-json.ts';

/** A request as any door hands it over. Header names are in lower case. */
export interface WireRequest {
  method: string;
  /** Path without query, percent-encoded. */
  path: string;
  headers: Readonly<Record<string, string | undefined>>;
  body: Uint8Array;
  traceId: string;
}

const jsonDepth = 16;

/**
 * The JSON document that a request brings.
 *
 * @throws EvergreenError `media-type-unsupported`, `request-too-large` or `request-not-json`.
 */
export function readJsonBody(
  { headers, body }: Pick<WireRequest, 'headers' | 'body'>,
  limitBytes: number,
): unknown {
  const type = headers['content-type'];
  // A media type says its character set, if any, behind a semicolon.
  const [media = '', ...parameters] = (type ?? 'application/json').toLowerCase().split(';');
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (media.trim() !== 'application/json' || !isUtf8 || encoding.toLowerCase() !== 'identity') {
    const what =
      encoding.toLowerCase() === 'identity' ? `the content type ${type}` : `the encoding ${encoding}`;
    throw new EvergreenError(
      'media-type-unsupported',
      `${what.slice(0, 100)} is not read; send application/json in UTF-8, not compressed`,
    );
  }
  if (body.length > limitBytes) {
    throw new EvergreenError(
      'request-too-large',
      `the body has ${body.length} bytes; at most ${limitBytes} are read, so send fewer rows at once`,
    );
  }
  return parseStrictJson(body, { depth: jsonDepth });
}
