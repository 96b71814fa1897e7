import { BinaryDocument } from './binary-document.ts';
import { jsonLengthHeader } from './binary-tensors.ts';
import type { WireResponse } from './problem.ts';
import { mediaTypes } from './request-body.ts';

export function json(status: number, body: object, headers: Record<string, string> = {}): WireResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}

function csv(body: string): WireResponse {
  return { status: 200, headers: { 'content-type': 'text/csv', 'cache-control': 'no-store' }, body };
}

/** A document that is written already. */
export function jsonText(body: string): WireResponse {
  return { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body };
}

function binary({ document, tensors }: BinaryDocument): WireResponse {
  const json = Buffer.from(JSON.stringify(document));
  return {
    status: 200,
    headers: {
      'content-type': mediaTypes.octets,
      'cache-control': 'no-store',
      [jsonLengthHeader]: String(json.length),
    },
    body: Buffer.concat([json, ...tensors]),
  };
}

/** An answer as it was written for its request. */
export function answered(reply: object | string): WireResponse {
  if (typeof reply === 'string') return csv(reply);
  return reply instanceof BinaryDocument ? binary(reply) : json(200, reply);
}
