import type { WireResponse } from './problem.ts';

export function json(status: number, body: object, headers: Record<string, string> = {}): WireResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}

export function csv(body: string): WireResponse {
  return { status: 200, headers: { 'content-type': 'text/csv', 'cache-control': 'no-store' }, body };
}

/** A document that is written already. */
export function jsonText(body: string): WireResponse {
  return { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body };
}
