import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { WireResponse } from '../inference/problem.ts';

/** Ways in which a request is no whole HTTP request, with what is told of each. */
const ways = {
  headersTooLong: { status: 431, detail: 'its headers are too long' },
  tooSlow: { status: 408, detail: 'it did not come whole in time' },
  notHttp: { status: 400, detail: 'it is not HTTP/1.1 as RFC 9112 has it' },
  host: { status: 400, detail: 'it must have exactly one host header' },
  repeatedHeader: { status: 400, detail: 'a header is there twice that says one thing only' },
  transferCoding: { status: 400, detail: 'chunked is the only transfer coding that is read' },
  tunnel: { status: 405, detail: 'CONNECT is for proxies, and this is none' },
  expectation: { status: 417, detail: 'of expectations 100-continue alone is met' },
} as const;
export type BrokenWay = keyof typeof ways;

/** Of several values of these nobody knows which is meant: what stands before this server may have taken another. */
const single = new Set(['content-type', 'content-encoding', 'x-api-key', 'inference-header-content-length']);

/** What Node's parser lets pass, or answers without a word. */
export function brokenWayOf({ httpVersion, rawHeaders, headers }: IncomingMessage): BrokenWay | undefined {
  let hosts = 0;
  const seen = new Set<string>();
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const name = rawHeaders[place]?.toLowerCase() ?? '';
    if (name === 'host') hosts++;
    if (single.has(name) && seen.has(name)) return 'repeatedHeader';
    seen.add(name);
  }
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) return 'host';
  const coding = headers['transfer-encoding'];
  return coding === undefined || coding.trim().toLowerCase() === 'chunked' ? undefined : 'transferCoding';
}

/** @param code What Node's parser calls it. */
export function brokenWayOfError(code: string | undefined): BrokenWay {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headersTooLong';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'tooSlow' : 'notHttp';
}

/** The answer where there is still somebody to read it. */
export function toBrokenProblem(way: BrokenWay): WireResponse {
  const { status, detail } = ways[way];
  const body = JSON.stringify({
    type: 'urn:evergreen:error:request-broken',
    title: 'The request is no whole HTTP request.',
    status,
    detail,
    instance: randomUUID().replaceAll('-', ''),
  });
  return { status, headers: { 'content-type': 'application/problem+json', connection: 'close' }, body };
}
