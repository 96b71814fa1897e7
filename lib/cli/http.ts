import * as z from 'zod';
import { type ErrorCode, errorCatalogue } from '../shared/error-codes.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import type { Connection } from './connection.ts';

const timeoutMs = 35_000;

/** RFC 9457, as the API answers; `type` ends with one of our codes. */
const problem = z.looseObject({
  type: z.string().default('about:blank'),
  title: z.string().default(''),
  detail: z.string().optional(),
  errors: z
    .array(z.looseObject({ pointer: z.string().optional(), message: z.string().optional() }))
    .optional(),
});

/** The API's refusal as the product's error, with the code that its type names. */
export function errorFromReply(status: number, body: string, retryAfter: string | null): EvergreenError {
  let parsed: z.infer<typeof problem> | undefined;
  try {
    parsed = problem.parse(JSON.parse(body));
  } catch {
    // Not from the product: a gateway or a proxy in between. Its status says what there is to say.
  }
  const named = parsed?.type.split(':').at(-1) ?? '';
  const code = named in errorCatalogue ? (named as ErrorCode) : codeOfStatus(status);
  // A place without a word of its own is named in the detail already.
  const places = (parsed?.errors ?? []).flatMap(({ pointer = '', message }) =>
    message === undefined ? [] : [`${pointer} ${message}`.trim()],
  );
  const told = [parsed?.detail ?? parsed?.title ?? body.slice(0, 200), ...places.slice(0, 5)]
    .filter((text) => text !== '')
    .join('; ');
  const when = retryAfter === null ? '' : ` (try again in ${retryAfter} s)`;
  return new EvergreenError(code, `the API answered ${status}: ${told || 'nothing more'}${when}`, {
    details: { status, ...(parsed?.errors === undefined ? {} : { errors: parsed.errors }) },
  });
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'access-denied';
  if (status === 404) return 'route-unknown';
  if (status === 409) return 'request-conflict';
  if (status === 413) return 'request-too-large';
  if (status === 415) return 'media-type-unsupported';
  if (status === 429 || status === 503 || status === 504 || status === 502) return 'service-unavailable';
  return status >= 500 ? 'internal' : 'request-invalid';
}

/** Calls the prediction API with its key and returns the JSON it answers. */
export async function callApi(
  api: Connection['api'],
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<unknown> {
  let reply: Response;
  try {
    reply = await fetch(`${api.url}${path}`, {
      method,
      headers: {
        'x-api-key': await api.key(),
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (thrown) {
    if (thrown instanceof EvergreenError) throw thrown;
    throw new EvergreenError(
      'service-unavailable',
      `the API at ${api.url} does not answer: ${messageOf(thrown)}`,
      {
        cause: thrown,
      },
    );
  }
  const text = await reply.text();
  if (!reply.ok) throw errorFromReply(reply.status, text, reply.headers.get('retry-after'));
  return JSON.parse(text);
}
