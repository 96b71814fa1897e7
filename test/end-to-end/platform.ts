import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { APIGatewayClient, GetApiKeyCommand } from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  type FunctionConfiguration,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
} from '@aws-sdk/client-lambda';
import type * as z from 'zod';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const stack = 'Evergreen-local';

export interface Answer {
  code: number;
  /** What `--json` printed. */
  json: unknown;
  stderr: string;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

export interface StartOptions {
  bakeSeconds: number;
  auth: boolean;
  models?: string;
}

/** The product on an engine of its own, reached as a user reaches it: by its command, its API, and AWS's own clients. */
export class Platform {
  readonly folder = mkdtempSync(join(tmpdir(), 'evergreen-e2e-'));
  readonly home = join(this.folder, 'home');
  port = 0;
  #outputs: Record<string, string> | undefined;
  #apiKey: string | undefined;

  /** Settings of AWS clients that talk to this engine. */
  get client() {
    return {
      endpoint: `http://127.0.0.1:${this.port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      forcePathStyle: true,
    };
  }

  /** @param models Folder beside this file. */
  async start({ bakeSeconds, auth, models = 'models' }: StartOptions): Promise<void> {
    this.port = await freePort();
    const folder = join(root, 'test', 'end-to-end', models);
    const options = ['--port', String(this.port), '--models', folder, '--bake', String(bakeSeconds)];
    const answer = await this.cli('up', ...options, auth ? '--auth' : '--no-auth');
    if (answer.code !== 0) throw new Error(`the platform did not start: ${JSON.stringify(answer)}`);
  }

  async stop(): Promise<void> {
    await this.cli('down');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs `evergreen ... --json`. */
  cli(...args: string[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(root, 'bin', 'cli.ts'), ...args, '--json'], {
        cwd: root,
        env: { ...process.env, EVERGREEN_HOME: this.home, EVERGREEN_TARGET: 'local' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      child.once('error', reject);
      child.once('exit', (code) => {
        try {
          resolve({ code: code ?? -1, json: JSON.parse(stdout), stderr });
        } catch {
          reject(new Error(`evergreen ${args.join(' ')} printed no JSON: ${stdout}\n${stderr}`));
        }
      });
    });
  }

  /** Starts `evergreen serve` on a free port; `stop` gives its exit code. */
  async serve(...args: string[]): Promise<{ url: string; stop(): Promise<number | null> }> {
    const child = spawn(
      process.execPath,
      [join(root, 'bin', 'cli.ts'), 'serve', '--port', '0', '--workers', '1', ...args, '--json'],
      {
        cwd: root,
        env: { ...process.env, EVERGREEN_HOME: this.home, EVERGREEN_TARGET: 'local' },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
    });
    const url = await eventually('the server listens', 20, async () => /"url": "([^"]+)"/.exec(printed)?.[1]);
    return {
      url,
      stop: () => {
        child.kill('SIGTERM');
        return ended;
      },
    };
  }

  /** What a command prints when it goes well. */
  async ask<Schema extends z.ZodType>(schema: Schema, ...args: string[]): Promise<z.infer<Schema>> {
    const answer = await this.cli(...args);
    if (answer.code !== 0) throw new Error(`evergreen ${args.join(' ')}: ${JSON.stringify(answer)}`);
    return schema.parse(answer.json);
  }

  async outputs(): Promise<Record<string, string>> {
    if (!this.#outputs) {
      const { Stacks } = await new CloudFormationClient(this.client).send(
        new DescribeStacksCommand({ StackName: stack }),
      );
      const outputs = Stacks?.[0]?.Outputs ?? [];
      this.#outputs = Object.fromEntries(
        outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
      );
    }
    return this.#outputs;
  }

  async output(name: string): Promise<string> {
    const value = (await this.outputs())[name];
    if (value === undefined) throw new Error(`the stack has no output ${name}`);
    return value;
  }

  async #key(): Promise<string> {
    if (this.#apiKey === undefined) {
      const request = new GetApiKeyCommand({ apiKey: await this.output('ApiKeyId'), includeValue: true });
      this.#apiKey = (await new APIGatewayClient(this.client).send(request)).value ?? '';
    }
    return this.#apiKey;
  }

  /** One request to the HTTP API; without a key when `key` is null. */
  async http(
    method: string,
    path: string,
    body?: unknown,
    key?: string | null,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; type: string; body: unknown }> {
    const base = `http://127.0.0.1:${this.port}/restapis/${await this.output('ApiId')}/${await this.output('ApiStage')}/_user_request_`;
    const apiKey = key === undefined ? await this.#key() : key;
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...headers,
        ...(apiKey === null ? {} : { 'x-api-key': apiKey }),
        ...(body === undefined || body instanceof Uint8Array ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    let parsed: unknown = text;
    try {
      parsed = JSON.parse(text);
    } catch {
      // Left as text: the caller's expectation says what was wanted.
    }
    return { status: response.status, type: response.headers.get('content-type') ?? '', body: parsed };
  }

  async #function(construct: string): Promise<FunctionConfiguration> {
    const list = new ListFunctionsCommand({ MaxItems: 100 });
    const { Functions = [] } = await new LambdaClient(this.client).send(list);
    const found = Functions.find(({ FunctionName }) => FunctionName?.includes(construct));
    if (!found) throw new Error(`no function is named ${construct}`);
    return found;
  }

  /** The environment of a function. */
  async variablesOf(construct: string): Promise<Record<string, string>> {
    return (await this.#function(construct)).Environment?.Variables ?? {};
  }

  /** The name of a function's role. */
  async roleOf(construct: string): Promise<string> {
    const { Role = '' } = await this.#function(construct);
    return Role.slice(Role.lastIndexOf('/') + 1);
  }

  /** Calls a function as a schedule does, with the same payload, in place of waiting until the schedule's time has come. */
  async invoke(construct: string, payload: object): Promise<unknown> {
    const lambda = new LambdaClient(this.client);
    const { FunctionName } = await this.#function(construct);
    const { FunctionError, Payload } = await lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload) }),
    );
    const text = Buffer.from(Payload ?? []).toString();
    if (FunctionError !== undefined) throw new Error(`${construct}: ${FunctionError}: ${text}`);
    return JSON.parse(text);
  }

  /** Writes a file to upload. */
  file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }
}

/** Waits for something to become true; says what was seen last when it does not. */
export async function eventually<T>(
  what: string,
  seconds: number,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const seen = await look();
      if (seen) return seen;
      last = seen;
    } catch (thrown) {
      last = thrown;
    }
    await sleep(200);
  }
  throw new Error(`${what}: not within ${seconds} s; last seen: ${String(last)}`);
}
