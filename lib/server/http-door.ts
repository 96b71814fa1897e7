import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions as TlsOptions } from 'node:https';
import type { Socket } from 'node:net';
import { jsonLengthHeader } from '../inference/binary-tensors.ts';
import { toProblem, type WireResponse } from '../inference/problem.ts';
import type { WireRequest } from '../inference/request-body.ts';
import { EvergreenError } from '../shared/errors.ts';
import { type BrokenWay, brokenWayOf, brokenWayOfError, toBrokenProblem } from './broken-request.ts';

export interface HttpDoorOptions {
  handle(request: WireRequest): Promise<WireResponse>;
  /** The page of metrics, as text. */
  readMetrics(): Promise<{ contentType: string; text: string }>;
  /** SHA-256 of the keys that are let in; none lets everybody in. */
  keyDigests: readonly string[];
  mostInFlight: number;
  maxBodyBytes: number;
  tls?: Pick<TlsOptions, 'cert' | 'key'> | undefined;
  /** @default 30 s until a request has come whole */
  requestTimeoutMs?: number;
  onReply?: (status: number) => void;
}

const openPaths = new Set(['/v2/health/live', '/v2/health/ready', '/ping', '/metrics']);
/** W3C Trace Context, `traceparent`: version, trace id, parent id, flags. */
const traceParent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;

/** How many requests of one connection have no end yet. */
interface Connection {
  inFlight: number;
}

/** HTTP/1.1 over one handler: limits, keys, draining. What a request means is the handler's affair. */
export class HttpDoor {
  readonly #options: HttpDoorOptions;
  readonly #keys: ReadonlySet<string>;
  readonly #server: Server;
  readonly #connections = new WeakMap<Socket, Connection>();
  #inFlight = 0;
  #isDraining = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: HttpDoorOptions) {
    this.#options = options;
    this.#keys = new Set(options.keyDigests);
    const { tls, requestTimeoutMs = 30_000 } = options;
    const settings = {
      requestTimeout: requestTimeoutMs,
      headersTimeout: Math.min(10_000, requestTimeoutMs),
      connectionsCheckingInterval: Math.min(1000, requestTimeoutMs),
      keepAliveTimeout: 65_000,
      noDelay: true,
      // Its own answer would be an empty 400; see brokenWayOf.
      requireHostHeader: false,
    };
    const listener = (request: IncomingMessage, response: ServerResponse) => this.#take(request, response);
    this.#server = tls
      ? createSecureServer({ ...settings, ...tls }, listener)
      : createServer(settings, listener);
    this.#server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      this.#reply(response, toBrokenProblem('expectation'));
      request.resume();
    });
    this.#server.on('connect', (_, socket: Socket) => {
      // From here on the connection is nobody's but ours, with its errors.
      socket.on('error', () => socket.destroy());
      this.#endWith(socket, 'tunnel');
      socket.destroySoon();
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      // What is no HTTP, or comes too slowly, gets an answer where there is still somebody to read it.
      if (socket.writable && error.code !== 'ECONNRESET') this.#endWith(socket, brokenWayOfError(error.code));
      else socket.destroy();
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves to the port. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** Sends new requests away, lets those in flight end, then closes; resolves to how many were left at the deadline. */
  async drain(deadlineMs: number): Promise<number> {
    this.#isDraining = true;
    this.#server.closeIdleConnections();
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadlineMs);
        this.#onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const left = this.#inFlight;
    this.#server.close();
    this.#server.closeAllConnections();
    return left;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { handle, maxBodyBytes } = this.#options;
    const { method = 'GET', url = '/', headers } = request;
    const path = url.split('?', 1)[0] ?? '/';
    const traceId =
      traceParent.exec(String(headers.traceparent ?? ''))?.[1] ?? randomUUID().replaceAll('-', '');
    const end = (reply: WireResponse) => {
      // What is left of the body is nobody's business, and the connection's next request would begin inside it.
      response.setHeader('connection', 'close');
      this.#reply(response, reply);
      request.resume();
    };
    const refuse = (error: EvergreenError) => end(toProblem(error, traceId));
    const way = brokenWayOf(request);
    if (way) {
      end(toBrokenProblem(way));
      return;
    }
    const refusal = this.#refusalOf(path, headers);
    if (refusal) {
      refuse(refusal);
      return;
    }
    this.#enter(request.socket, response);
    if (method === 'GET' && path === '/metrics') {
      void this.#replyMetrics(response, traceId);
      return;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) chunks.push(chunk);
    });
    request.once('end', () => {
      if (bytes > maxBodyBytes) {
        refuse(tooLarge(`more than ${maxBodyBytes}`, maxBodyBytes));
        return;
      }
      const [first] = chunks;
      const body = chunks.length === 1 && first ? first : Buffer.concat(chunks);
      void handle({ method, path, headers: plain(headers), body, traceId }).then((reply) =>
        this.#reply(response, reply),
      );
    });
  }

  /** Why a request is not even read. */
  #refusalOf(path: string, headers: IncomingMessage['headers']): EvergreenError | undefined {
    const { keyDigests, mostInFlight, maxBodyBytes } = this.#options;
    if (this.#isDraining) {
      return new EvergreenError('server-busy', 'the server is stopping; another one takes its place');
    }
    if (keyDigests.length > 0 && !openPaths.has(path) && !this.#isLetIn(headers)) {
      return new EvergreenError('access-denied', 'send a valid key in the header x-api-key');
    }
    if (this.#inFlight >= mostInFlight) {
      return new EvergreenError('server-busy', `${mostInFlight} requests wait already; try again`);
    }
    const length = headers['content-length'];
    return Number(length ?? 0) > maxBodyBytes ? tooLarge(String(length), maxBodyBytes) : undefined;
  }

  /** A reply that waits behind another is never told that its connection has closed: the connection tells it for all. */
  #enter(socket: Socket, response: ServerResponse): void {
    const connection = this.#connectionOf(socket);
    connection.inFlight += 1;
    this.#inFlight += 1;
    response.once('close', () => this.#leave(connection, 1));
  }

  #connectionOf(socket: Socket): Connection {
    const known = this.#connections.get(socket);
    if (known) return known;
    const connection = { inFlight: 0 };
    this.#connections.set(socket, connection);
    socket.once('close', () => this.#leave(connection, connection.inFlight));
    return connection;
  }

  #leave(connection: Connection, requests: number): void {
    const left = Math.min(requests, connection.inFlight);
    connection.inFlight -= left;
    this.#inFlight -= left;
    if (left > 0 && this.#inFlight === 0) this.#onEmpty?.();
  }

  /** Only digests are compared, so the time it takes says nothing about a key. */
  #isLetIn(headers: IncomingMessage['headers']): boolean {
    const given = headers['x-api-key'];
    if (typeof given !== 'string') return false;
    return this.#keys.has(createHash('sha256').update(given).digest('hex'));
  }

  #reply(response: ServerResponse, { status, headers, body }: WireResponse): void {
    this.#options.onReply?.(status);
    if (response.destroyed) return;
    // Without the length a reply would go out in chunks.
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(body);
  }

  async #replyMetrics(response: ServerResponse, traceId: string): Promise<void> {
    try {
      const { contentType, text } = await this.#options.readMetrics();
      this.#reply(response, { status: 200, headers: { 'content-type': contentType }, body: text });
    } catch (cause) {
      this.#reply(response, toProblem(cause, traceId));
    }
  }

  /** An answer where Node gives nothing to answer with. */
  #endWith(socket: Socket, way: BrokenWay): void {
    const { status, headers, body } = toBrokenProblem(way);
    this.#options.onReply?.(status);
    const fields = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body) });
    const lines = [`HTTP/1.1 ${status} `, ...fields.map(([name, value]) => `${name}: ${value}`)];
    socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }
}

function tooLarge(bytes: string, limit: number): EvergreenError {
  return new EvergreenError(
    'request-too-large',
    `the body has ${bytes} bytes; at most ${limit} are read, so send fewer rows at once`,
  );
}

/** The few headers that count. */
function plain(headers: IncomingMessage['headers']): Record<string, string | undefined> {
  return {
    'content-type': headers['content-type'],
    'content-encoding': headers['content-encoding'],
    accept: headers.accept,
    [jsonLengthHeader]: headers[jsonLengthHeader]?.toString(),
  };
}
