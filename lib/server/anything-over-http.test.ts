import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aFlower } from '../inference/fixtures/models.ts';
import { servingFlowers } from '../inference/fixtures/server.ts';
import { HttpDoor } from './http-door.ts';

const { serving, source } = servingFlowers();
source.modelNames = ['flowers'];
const door = new HttpDoor({
  handle: (request) => serving.handle(request),
  readMetrics: async () => ({ contentType: 'text/plain', text: 'up 1\n' }),
  keyDigests: [],
  mostInFlight: 64,
  maxBodyBytes: 10_000,
  requestTimeoutMs: 200,
});
let port = 0;

beforeAll(async () => {
  port = await door.listen(0, '127.0.0.1');
});
afterAll(() => door.drain(0));

/** What comes back until the other side closes; nothing when it closes without a word. */
function send(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error('no end after five seconds'));
    }, 5000);
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.end(bytes);
  });
}

interface Reply {
  status: number;
  headers: Record<string, string[]>;
  body: string;
}

/** The replies in what came back, read strictly. */
function repliesIn(text: string): Reply[] {
  const replies: Reply[] = [];
  let rest = text;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    const [line = '', ...fields] = rest.slice(0, end).split('\r\n');
    const headers: Reply['headers'] = {};
    for (const field of fields) {
      const [, name = '', value = ''] = /^([!-9;-~]+): ([\t -~]*)$/.exec(field) ?? [];
      expect(name, field).not.toBe('');
      headers[name.toLowerCase()] = [...(headers[name.toLowerCase()] ?? []), value];
    }
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
    expect(status, line).toBeGreaterThan(0);
    const tail = rest.slice(end + 4);
    // The reply to a HEAD says a length and has no body.
    const isEmpty = tail === '' || tail.startsWith('HTTP/1.1 ');
    const length = isEmpty ? 0 : Number(headers['content-length']?.[0] ?? 0);
    expect(tail.length).toBeGreaterThanOrEqual(length);
    replies.push({ status, headers, body: tail.slice(0, length) });
    rest = tail.slice(length);
  }
  return replies;
}

async function expectGoodCall(): Promise<void> {
  const reply = await fetch(`http://127.0.0.1:${port}/models/flowers/predict`, {
    method: 'POST',
    body: JSON.stringify({ rows: [aFlower] }),
    headers: { 'content-type': 'application/json' },
  });
  expect(reply.status).toBe(200);
  expect(await reply.json()).toMatchObject({ model: 'flowers', version: 1 });
}

const seen = new Map<number, number>();

async function expectSound(bytes: Uint8Array): Promise<void> {
  for (const { status, headers, body } of repliesIn(await send(bytes))) {
    seen.set(status, (seen.get(status) ?? 0) + 1);
    expect(status).toBeLessThan(500);
    expect(headers['x-injected']).toBeUndefined();
    for (const name of ['content-type', 'content-length']) expect(headers[name] ?? ['']).toHaveLength(1);
    if (status < 400) continue;
    expect(headers['content-type']).toEqual(['application/problem+json']);
    if (body !== '') expect(JSON.parse(body)).toMatchObject({ status, type: /^urn:evergreen:error:/ });
  }
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');

const hostileName = fc.oneof(
  fc.constantFrom(
    'flowers',
    '__proto__',
    'constructor',
    '..',
    '%2e%2e%2f',
    '%00',
    '%ff',
    '%',
    'flowers%0d%0ax-injected:%201',
    'flowers%20',
    'FLOWERS',
    '%E2%80%8Bflowers',
    'a'.repeat(5000),
  ),
  fc.string().map(encodeURIComponent),
  fc.string({ unit: 'binary' }),
);
const path = fc.oneof(
  hostileName.map((name) => `/models/${name}/predict`),
  hostileName.map((name) => `/models/${name}/invocations`),
  hostileName.map((name) => `/v2/models/${name}`),
  hostileName.map((name) => `/v2/models/flowers/versions/${name}/infer`),
  hostileName.map((name) => `/${name}`),
  fc.constantFrom('/', '*', '//', '/invocations?x=1#y', 'http://elsewhere/ping', '/v2', '/ping', '/metrics'),
);
const method = fc.oneof(
  fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'CONNECT', 'TRACE', 'PRI', 'get', ''),
  fc.string({ maxLength: 8 }),
);
const header = fc.oneof(
  fc.constantFrom(
    'content-type: application/json',
    'content-type: text/csv',
    'content-type: text/csv\r\ncontent-type: application/json',
    'accept: text/csv\r\nx-injected: 1',
    'accept: \r\n folded',
    'x-api-key: a\r\nx-api-key: b',
    'content-length: 1\r\ncontent-length: 2',
    'content-length: -1',
    'content-length: 1e3',
    'content-length: 99999999999999999999',
    'transfer-encoding: chunked',
    'transfer-encoding: gzip, chunked',
    'transfer-encoding : chunked',
    'expect: 100-continue',
    'expect: nonsense',
    'upgrade: websocket\r\nconnection: upgrade',
    'connection: keep-alive',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntraceparent: x',
    'traceparent: "><script>',
    'host: a\r\nhost: b',
    'inference-header-content-length: 5',
    '__proto__: 1',
    'constructor: 1',
  ),
  fc.tuple(fc.string(), fc.string({ unit: 'binary' })).map((parts) => parts.join(':')),
);
const payload = fc.oneof(
  fc.constant(JSON.stringify({ rows: [aFlower] })),
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.constant('x'.repeat(20_000)),
);
/** Mostly as it should be: a request that is wrong everywhere is refused at the first look. */
const mostly = <Value>(good: Value, bad: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: bad });
const request = fc
  .record({
    method: mostly('POST', method),
    path: mostly('/models/flowers/predict', path),
    version: mostly('HTTP/1.1', fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/1.1 ', '')),
    hasHost: mostly(true, fc.boolean()),
    headers: mostly<string[]>([], fc.array(header, { maxLength: 3 })),
    payload: mostly(JSON.stringify({ rows: [aFlower] }), payload),
    framing: mostly<'length' | 'chunks' | 'none' | 'wrong'>(
      'length',
      fc.constantFrom('chunks', 'none', 'wrong'),
    ),
  })
  .map((parts) => {
    const size = Buffer.byteLength(parts.payload, 'latin1');
    const framing = {
      length: `content-length: ${size}\r\n\r\n${parts.payload}`,
      chunks: `transfer-encoding: chunked\r\n\r\n${size.toString(16)}\r\n${parts.payload}\r\n0\r\n\r\n`,
      none: `\r\n${parts.payload}`,
      wrong: `content-length: ${size + 7}\r\n\r\n${parts.payload}`,
    }[parts.framing];
    const host = parts.hasHost ? ['host: a'] : [];
    const lines = [`${parts.method} ${parts.path} ${parts.version}`, ...host, ...parts.headers];
    return `${lines.join('\r\n')}\r\n${framing}`;
  });

describe('The HTTP door', { shuffle: false }, () => {
  it('answers any bytes with a problem, or closes, and goes on answering', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
        await expectSound(bytes);
        await expectGoodCall();
      }),
      { numRuns: 150 },
    );
  });

  it('answers any request with a problem where it does not answer, and goes on answering', async () => {
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        await expectSound(latin1(text));
        await expectGoodCall();
      }),
      { numRuns: 400 },
    );
  });

  it('answers several requests on one connection, in their order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 4 }), async (texts) => {
        await expectSound(latin1(texts.join('')));
        await expectGoodCall();
      }),
      { numRuns: 100 },
    );
  });

  it('holds nothing of what was cut off', async () => {
    await expect.poll(() => door.inFlight, { timeout: 2000 }).toBe(0);
    await expectGoodCall();
  });

  it('was asked for more than what it refuses at once', () => {
    for (const status of [200, 400, 404, 413, 422]) expect([...seen.keys()]).toContain(status);
  });
});
