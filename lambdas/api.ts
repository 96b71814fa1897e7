import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { toProblem } from '../lib/inference/problem.ts';
import { readJsonBody } from '../lib/inference/request-body.ts';
import { messageOf } from '../lib/shared/errors.ts';

/** What a function behind the API answers with: a status and a JSON document. */
export type ApiAnswer = (event: APIGatewayProxyEvent) => Promise<{ status: number; content: object }>;

/** API Gateway hands bodies over as text inside JSON, of which Lambda takes 6 MB: quotes count twice there. */
const maxBodyBytes = 2 * 1024 * 1024;

/** @throws EvergreenError `request-not-json`, `request-too-large` or `media-type-unsupported`. */
export function jsonBodyOf({ body, headers, isBase64Encoded }: APIGatewayProxyEvent): unknown {
  const named = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const bytes = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
  return readJsonBody({ headers: Object.fromEntries(named), body: bytes }, maxBodyBytes);
}

/** A function behind the API: what it throws is told as a problem, and logged when it is not the caller's doing. */
export function apiHandler(
  answer: ApiAnswer,
): (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult> {
  return async (event) => {
    const traceId = event.requestContext.requestId;
    try {
      const { status, content } = await answer(event);
      const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
      return { statusCode: status, headers, body: JSON.stringify(content) };
    } catch (thrown) {
      const { status, headers, body } = toProblem(thrown, traceId);
      if (status >= 500) {
        process.stdout.write(`${JSON.stringify({ level: 'error', traceId, message: messageOf(thrown) })}\n`);
      }
      return { statusCode: status, headers, body };
    }
  };
}
