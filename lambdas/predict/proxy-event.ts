import type { APIGatewayProxyResult } from 'aws-lambda';
import * as z from 'zod';
import type { WireResponse } from '../../lib/inference/problem.ts';
import { mediaTypes, type WireRequest } from '../../lib/inference/request-body.ts';

/** What is read of a REST API's proxy event. */
const proxyEvent = z.object({
  httpMethod: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string().optional()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({ requestId: z.string() }),
});

/** The root of an X-Ray trace header, such as `Root=1-6abc-…;Parent=…;Sampled=1`. */
function traceRoot(header: string | undefined): string | undefined {
  return /Root=([0-9a-f-]{1,64})/.exec(header ?? '')?.[1];
}

/**
 * Whether API Gateway turns a reply in base64 back into bytes: only where the first media type that a caller accepts is one
 * of the binary ones of the API (lib/platform/http-api.ts).
 *
 * Source: AWS, "Content type conversions in API Gateway", API Gateway response.
 */
function asksForBytes(accept: string | undefined): boolean {
  const [first = ''] = (accept ?? '').split(/[,;]/, 1);
  return first.trim().toLowerCase() === mediaTypes.octets;
}

export function toWireRequest(event: unknown): WireRequest {
  const { httpMethod, path, headers, body, isBase64Encoded, requestContext } = proxyEvent.parse(event);
  const entries = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const given = Object.fromEntries(entries);
  // The runtime sets the variable anew for each invocation when it traces.
  const traceId = traceRoot(process.env._X_AMZN_TRACE_ID) ?? traceRoot(given['x-amzn-trace-id']);
  return {
    method: httpMethod,
    path,
    headers: given,
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
    takesBinary: asksForBytes(given.accept),
    traceId: traceId ?? requestContext.requestId,
  };
}

export function toProxyResult({ status, headers, body }: WireResponse): APIGatewayProxyResult {
  return typeof body === 'string'
    ? { statusCode: status, headers, body }
    : { statusCode: status, headers, body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
}
