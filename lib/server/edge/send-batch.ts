import * as z from 'zod';
import { type ErrorCode, errorCatalogue } from '../../shared/error-codes.ts';
import { EvergreenError, messageOf } from '../../shared/errors.ts';
import type { EdgeLine } from './edge-line.ts';

/** Why a record is not taken, and never will be. */
export interface Refused {
  code: string;
  message: string;
}

export interface BatchAnswer {
  accepted: number;
  repeated: number;
  /** By the place in the batch. */
  refused: Map<number, Refused>;
}

/** Sends lines of one model and kind. @throws EvergreenError when they have to be sent again later. */
export type SendBatch = (lines: EdgeLine[]) => Promise<BatchAnswer>;

export interface Api {
  /** Such as https://….execute-api.eu-central-1.amazonaws.com/live */
  url: string;
  key: string;
  pause?: (ms: number) => Promise<unknown>;
  /** @default 30 s */
  timeoutMs?: number;
}

const attempts = 5;
const longestWaitMs = 30_000;

const taken = z.object({
  accepted: z.int(),
  repeated: z.int(),
  refused: z.array(z.object({ index: z.int(), code: z.string(), pointer: z.string(), message: z.string() })),
});

const problem = z.looseObject({
  type: z.string(),
  detail: z.string().default(''),
  errors: z.array(z.looseObject({ pointer: z.string(), message: z.string() })).default([]),
});

interface Reply {
  status: number;
  text: string;
  retryAfter: string | null;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether the API may answer otherwise in a moment. */
const isPassing = ({ status }: Reply) => status === 429 || status >= 500;

async function post(
  { url, key, pause = sleep, timeoutMs = 30_000 }: Api,
  path: string,
  body: string,
): Promise<Reply> {
  for (let attempt = 1; ; attempt += 1) {
    let reply: Reply | undefined;
    let failure: unknown;
    try {
      const response = await fetch(`${url.replace(/\/+$/, '')}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': key },
        body,
        // A key must not follow to another host.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { status, headers } = response;
      reply = { status, text: await response.text(), retryAfter: headers.get('retry-after') };
      if (!isPassing(reply)) return reply;
    } catch (thrown) {
      failure = thrown instanceof Error && thrown.cause ? thrown.cause : thrown;
    }
    if (attempt === attempts) {
      const said = reply ? `answers ${reply.status}` : `does not answer: ${messageOf(failure)}`;
      throw new EvergreenError(
        'service-unavailable',
        `${url} ${said}; what was not answered stays, so run sync again later`,
        { cause: failure },
      );
    }
    const asked = Number(reply?.retryAfter) * 1000 || 0;
    await pause(Math.min(longestWaitMs, Math.max(asked, 500 * 2 ** attempt * (0.5 + Math.random() / 2))));
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string): z.infer<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Places in the batch that a problem points at. */
function placesOf(errors: z.infer<typeof problem>['errors'], member: string): Map<number, string> {
  const pattern = new RegExp(`^/${member}/(\\d+)(/|$)`);
  const places = new Map<number, string>();
  for (const { pointer, message } of errors) {
    const place = pattern.exec(pointer)?.[1];
    if (place !== undefined && !places.has(Number(place))) places.set(Number(place), `${pointer} ${message}`);
  }
  return places;
}

function errorOf(url: string, { status, text }: Reply): EvergreenError {
  const told = parse(problem, text);
  const named = told?.type.split(':').at(-1) ?? '';
  const code: ErrorCode =
    named in errorCatalogue ? (named as ErrorCode) : status === 403 ? 'access-denied' : 'request-invalid';
  const hint = status === 403 ? 'is the key right?' : 'is the address right, with the stage at its end?';
  const said = told?.detail ? `: ${told.detail}` : '';
  return new EvergreenError(code, `${url} answers ${status}${said}; ${hint} Nothing of it was taken`);
}

/** The deployed API, to which captures are sent by `POST /models/{model}/captures` and labels by `…/feedback`. */
export function sendTo(api: Api): SendBatch {
  return async function send(lines: EdgeLine[]): Promise<BatchAnswer> {
    const [first] = lines;
    if (!first) return { accepted: 0, repeated: 0, refused: new Map() };
    const member = first.kind === 'prediction' ? 'captures' : 'feedback';
    const entries = lines.map((line) => (line.kind === 'prediction' ? line.capture : line.label));
    const path = `/models/${encodeURIComponent(first.model)}/${member}`;
    const reply = await post(api, path, JSON.stringify({ [member]: entries }));
    const done = reply.status < 300 ? parse(taken, reply.text) : undefined;
    if (done) {
      const refused = done.refused.map(({ index, code, pointer, message }): [number, Refused] => [
        index,
        { code, message: `${pointer} ${message}` },
      ]);
      return { accepted: done.accepted, repeated: done.repeated, refused: new Map(refused) };
    }
    if (reply.status === 413 && lines.length > 1) {
      const middle = Math.ceil(lines.length / 2);
      const [a, b] = [await send(lines.slice(0, middle)), await send(lines.slice(middle))];
      const later = [...b.refused].map(([place, each]): [number, Refused] => [place + middle, each]);
      return {
        accepted: a.accepted + b.accepted,
        repeated: a.repeated + b.repeated,
        refused: new Map([...a.refused, ...later]),
      };
    }
    const told = parse(problem, reply.text);
    const code = told?.type.split(':').at(-1) ?? '';
    if (told && reply.status === 413) {
      return { accepted: 0, repeated: 0, refused: new Map([[0, { code, message: told.detail }]]) };
    }
    const places = placesOf(told?.errors ?? [], member);
    // The API answers so when it takes none of them.
    if (!told || places.size < lines.length) throw errorOf(api.url, reply);
    const refused = [...places].map(([place, message]): [number, Refused] => [place, { code, message }]);
    return { accepted: 0, repeated: 0, refused: new Map(refused) };
  };
}
