import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { callApi, errorFromReply } from './http.ts';

describe('errorFromReply', () => {
  it('takes the code from the type and shows the places', () => {
    const body = JSON.stringify({
      type: 'urn:evergreen:error:version-unknown',
      title: 'The request does not fit',
      detail: 'row 0 does not fit iris',
      errors: [{ pointer: '/rows/0/petal_width', message: 'is missing' }],
    });
    const error = errorFromReply(422, body, null);
    expect(error.code).toBe('version-unknown');
    expect(error.message).toBe(
      'the API answered 422: row 0 does not fit iris; /rows/0/petal_width is missing',
    );
  });

  it.each([
    [403, '{"message":"Forbidden"}', 'access-denied'],
    [404, 'not here', 'route-unknown'],
    [429, '{"message":"Too Many Requests"}', 'service-unavailable'],
    [502, '<html>', 'service-unavailable'],
    [500, '', 'internal'],
    [400, '', 'request-invalid'],
  ])('judges a foreign %i by its status', (status, body, code) => {
    expect(errorFromReply(status, body, null).code).toBe(code);
  });

  it('says when to try again', () => {
    expect(errorFromReply(503, '{}', '3').message).toContain('try again in 3 s');
  });
});

describe('callApi', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  it('sends the key and the body, and reads the reply', async () => {
    let seen: IncomingMessage | undefined;
    server = createServer((request, response) => {
      seen = request;
      request.pipe(response);
    });
    const port = await new Promise<number>((resolve) => {
      server?.listen(0, '127.0.0.1', () => {
        const address = server?.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
    const api = { url: `http://127.0.0.1:${port}`, key: async () => 'secret' };
    expect(await callApi(api, 'POST', '/models/iris/predict', { rows: [] })).toEqual({ rows: [] });
    expect(seen?.url).toBe('/models/iris/predict');
    expect(seen?.headers).toMatchObject({ 'x-api-key': 'secret', 'content-type': 'application/json' });
    server.close();
    server.closeAllConnections();
    await expect(callApi(api, 'GET', '/')).rejects.toMatchObject({ code: 'service-unavailable' });
  });
});
