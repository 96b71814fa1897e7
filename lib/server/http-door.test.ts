import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { sha256 } from '../shared/digest.ts';
import { HttpDoor, type HttpDoorOptions } from './http-door.ts';

const ok = { status: 200, headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
let door: HttpDoor | undefined;

async function open(over: Partial<HttpDoorOptions> = {}): Promise<string> {
  door = new HttpDoor({
    handle: async () => ok,
    readMetrics: async () => ({ contentType: 'text/plain', text: 'up 1\n' }),
    keyDigests: [],
    mostInFlight: 2,
    maxBodyBytes: 100,
    ...over,
  });
  return `http://127.0.0.1:${await door.listen(0, '127.0.0.1')}`;
}

afterEach(async () => {
  await door?.drain(0);
});

/** Sends bytes as they are and gives what comes back until the other side closes. */
async function raw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

async function untilInFlight(count: number): Promise<void> {
  while (door?.inFlight !== count) await sleep(5);
}

describe('HttpDoor', () => {
  it('hands on method, path without query, body and the trace of the caller', async () => {
    const seen: unknown[] = [];
    const url = await open({
      handle: async ({ method, path, headers, body, traceId }) => {
        seen.push({
          method,
          path,
          type: headers['content-type'],
          body: Buffer.from(body).toString(),
          traceId,
        });
        return ok;
      },
    });
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const reply = await fetch(`${url}/models/m/predict?x=1`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', traceparent: `00-${trace}-b7ad6b7169203331-01` },
    });
    expect(await reply.json()).toEqual({ a: 1 });
    expect(seen).toEqual([
      { method: 'POST', path: '/models/m/predict', type: 'application/json', body: '{}', traceId: trace },
    ]);
  });

  it('lets in who has a key, and everybody to health and metrics', async () => {
    const url = await open({ keyDigests: [sha256('secret')] });
    const status = async (path: string, key?: string) =>
      (await fetch(url + path, key === undefined ? {} : { headers: { 'x-api-key': key } })).status;
    expect(await status('/v2', 'secret')).toBe(200);
    expect(await status('/v2', 'wrong')).toBe(403);
    expect(await status('/v2')).toBe(403);
    expect(await status('/v2/health/live')).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('up 1\n');
  });

  it('sends requests beyond its limit away, and takes the next ones', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const url = await open({ handle: () => gate.then(() => ok) });
    const first = [fetch(url), fetch(url)];
    await untilInFlight(2);
    const third = await fetch(url);
    expect(third.status).toBe(503);
    expect(third.headers.get('retry-after')).toBe('2');
    expect(await third.json()).toMatchObject({ type: 'urn:evergreen:error:server-busy' });
    release();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await fetch(url)).status).toBe(200);
  });

  it('reads no body over its limit, announced or not', async () => {
    const url = await open();
    const announced = await fetch(url, { method: 'POST', body: 'x'.repeat(101) });
    expect(announced.status).toBe(413);
    const chunked = `POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n65\r\n${'x'.repeat(0x65)}\r\n0\r\n\r\n`;
    expect(await raw(url, chunked)).toMatch(/^HTTP\/1\.1 413 /);
    expect((await fetch(url)).status).toBe(200);
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two hosts', 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n', 400],
    ['two content types', 'GET / HTTP/1.1\r\nhost: a\r\ncontent-type: a\r\nContent-Type: b\r\n\r\n', 400],
    [
      'a transfer coding it does not read',
      'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a tunnel', 'CONNECT b:80 HTTP/1.1\r\nhost: a\r\n\r\n', 405],
    ['an expectation it does not meet', 'GET / HTTP/1.1\r\nhost: a\r\nexpect: more\r\n\r\n', 417],
    ['endless headers', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ])('answers %s with a problem', async (_, text, status) => {
    const url = await open();
    const answer = await raw(url, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
    expect(body).toMatchObject({ type: 'urn:evergreen:error:request-broken', status });
    expect((await fetch(url)).status).toBe(200);
  });

  it('waits for a slow body only so long', async () => {
    const url = await open({ requestTimeoutMs: 300 });
    const slow = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\nabc';
    expect(await raw(url, slow)).toMatch(/^HTTP\/1\.1 408 /);
    await untilInFlight(0);
  });

  it('forgets callers that hang up', async () => {
    const url = await open();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\nabc');
    await untilInFlight(1);
    socket.destroy();
    await untilInFlight(0);
    expect((await fetch(url)).status).toBe(200);
  });

  it('forgets requests that wait for their turn on a connection that is cut', async () => {
    const url = await open({
      mostInFlight: 64,
      handle: async () => {
        await sleep(50);
        return ok;
      },
    });
    const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
    const answer = await raw(url, `${request.repeat(3)}CONNECT b:80 HTTP/1.1\r\nhost: a\r\n\r\n`);
    expect(answer.match(/^HTTP\S+ \d+/gm)).toEqual(['HTTP/1.1 405']);
    await untilInFlight(0);
    // Longer than the answers that nobody waits for any more.
    await sleep(100);
    expect((await fetch(url)).status).toBe(200);
  });

  it('ends requests in flight, sends new ones away and closes (F40)', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const url = await open({ handle: () => gate.then(() => ok) });
    const inFlight = fetch(url);
    await untilInFlight(1);
    const drained = door?.drain(5000);
    expect((await fetch(url)).status).toBe(503);
    release();
    expect((await inFlight).status).toBe(200);
    expect(await drained).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('gives up on requests that do not end', async () => {
    const url = await open({ handle: () => new Promise(() => undefined) });
    const never = fetch(url).catch((thrown: unknown) => thrown);
    await untilInFlight(1);
    expect(await door?.drain(50)).toBe(1);
    expect(await never).toBeInstanceOf(Error);
  });
});
