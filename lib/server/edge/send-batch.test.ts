import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { EdgeLine } from './edge-line.ts';
import { sendTo } from './send-batch.ts';

interface Seen {
  url: string;
  key: string | undefined;
  entries: unknown[];
}

let server: Server | undefined;
afterEach(() => void server?.close());

type Answer = (
  seen: Seen,
  count: number,
) => { status: number; body: unknown; headers?: Record<string, string> };

async function anApi(answer: Answer) {
  const seen: Seen[] = [];
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const [entries = []] = Object.values(JSON.parse(text) as Record<string, unknown[]>);
    const one = { url: request.url ?? '', key: request.headers['x-api-key']?.toString(), entries };
    seen.push(one);
    const { status, body, headers } = answer(one, seen.length);
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const pauses: number[] = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/live/`;
  const send = sendTo({ url, key: 'secret', pause: async (ms) => void pauses.push(ms) });
  return { send, seen, pauses };
}

/** The API alone looks into labels, so they may be anything here. */
const lines = (count: number): EdgeLine[] =>
  Array.from({ length: count }, (_, index) => ({
    kind: 'label',
    model: 'iris',
    label: { predictionId: `p${index}`, row: 0, label: 'rose' },
  }));

const problem = (code: string, errors?: unknown[]) => ({
  type: `urn:evergreen:error:${code}`,
  detail: 'it is so',
  ...(errors ? { errors } : {}),
});

describe('sendTo', () => {
  it('sends with the key, and hands on what was refused', async () => {
    const refused = [{ index: 1, code: 'request-invalid', pointer: '/feedback/1/label', message: 'is odd' }];
    const { send, seen } = await anApi(() => ({
      status: 202,
      body: { accepted: 1, corrected: 0, repeated: 1, refused },
    }));
    expect(await send(lines(2))).toEqual({
      accepted: 1,
      repeated: 1,
      refused: new Map([[1, { code: 'request-invalid', message: '/feedback/1/label is odd' }]]),
    });
    expect(seen).toMatchObject([{ url: '/live/models/iris/feedback', key: 'secret', entries: [{}, {}] }]);
  });

  it('takes a problem that points at every record as their refusal', async () => {
    const errors = [0, 1].map((place) => ({ pointer: `/feedback/${place}/label`, message: 'is odd' }));
    const { send } = await anApi(() => ({ status: 422, body: problem('request-invalid', errors) }));
    const { accepted, refused } = await send(lines(2));
    expect([accepted, refused.size, refused.get(1)?.message]).toEqual([0, 2, '/feedback/1/label is odd']);
  });

  it('asks again while the API is busy, after the time that it says', async () => {
    const { send, pauses } = await anApi((_, count) =>
      count < 3
        ? { status: count === 1 ? 429 : 503, body: '', headers: { 'retry-after': '7' } }
        : { status: 200, body: { accepted: 1, repeated: 0, refused: [] } },
    );
    expect(await send(lines(1))).toMatchObject({ accepted: 1 });
    expect(pauses).toEqual([7000, 7000]);
  });

  it('sends halves of what is too large, and refuses one that is too large alone', async () => {
    const { send, seen } = await anApi(({ entries }) =>
      entries.length > 1 || JSON.stringify(entries).includes('p2')
        ? { status: 413, body: problem('request-too-large') }
        : { status: 200, body: { accepted: 1, repeated: 0, refused: [] } },
    );
    const { accepted, refused } = await send(lines(3));
    expect([accepted, [...refused]]).toEqual([2, [[2, { code: 'request-too-large', message: 'it is so' }]]]);
    expect(seen.map(({ entries }) => entries.length)).toEqual([3, 2, 1, 1, 1]);
  });

  it.each<[string, number, unknown, string, RegExp]>([
    ['a wrong key', 403, problem('key-refused'), 'access-denied', /is the key right/],
    ['a model that is not deployed', 404, problem('model-unknown'), 'model-unknown', /it is so/],
    ['an address of something else', 404, '<html>', 'request-invalid', /is the address right/],
    ['something else that is content', 200, '<html>', 'request-invalid', /answers 200/],
    ['a body that does not fit', 422, problem('request-invalid', []), 'request-invalid', /it is so/],
  ])('gives up at %s, so that nothing is lost', async (_, status, body, code, says) => {
    const { send } = await anApi(() => ({ status, body }));
    const sending = send(lines(2));
    await expect(sending).rejects.toMatchObject({ code });
    await expect(sending).rejects.toThrow(says);
  });

  it('gives up after five tries', async () => {
    const { send, seen } = await anApi(() => ({ status: 500, body: '' }));
    await expect(send(lines(1))).rejects.toMatchObject({ code: 'service-unavailable' });
    expect(seen).toHaveLength(5);
  });

  it('says when nobody answers', async () => {
    const send = sendTo({ url: 'http://127.0.0.1:9', key: 'k', pause: async () => undefined });
    await expect(send(lines(1))).rejects.toThrow(/does not answer: .*run sync again later/);
  });

  it('sends nothing for nothing', async () => {
    const { send, seen } = await anApi(() => ({ status: 500, body: '' }));
    expect(await send([])).toMatchObject({ accepted: 0 });
    expect(seen).toEqual([]);
  });
});
