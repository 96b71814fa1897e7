import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { engineEndpoint, engineEnvironment, engineRegion } from '../../lib/local/engine-environment.ts';
import { repositoryRoot } from '../../lib/local/home.ts';

const readyLimitMs = 60_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** The engine without a deployment on it: an AWS endpoint on a port and state folder of its own. */
export class BareEngine {
  readonly client: DynamoDBClientConfig;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, process: ChildProcess, port: number) {
    this.#folder = folder;
    this.#process = process;
    this.client = {
      endpoint: engineEndpoint(port),
      region: engineRegion,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 5,
    };
  }

  static async start(): Promise<BareEngine> {
    const folder = mkdtempSync(join(tmpdir(), 'evergreen-engine-'));
    const port = await freePort();
    const python = join(repositoryRoot, '.venv', 'bin', 'python');
    const started = spawn(
      python,
      ['-m', 'evergreen_engine', '--port', String(port), '--state-dir', join(folder, 'state')],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...engineEnvironment({ port, region: engineRegion }),
          PYTHONPATH: join(repositoryRoot, 'local'),
        },
      },
    );
    let said = '';
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    }
    const deadline = Date.now() + readyLimitMs;
    while (!said.includes('"ready": true')) {
      if (started.exitCode !== null || Date.now() > deadline) {
        started.kill('SIGKILL');
        throw new Error(`the engine did not start: ${said}`);
      }
      await sleep(20);
    }
    return new BareEngine(folder, started, port);
  }

  documents(): DynamoDBDocumentClient {
    return DynamoDBDocumentClient.from(new DynamoDBClient(this.client), {
      marshallOptions: { removeUndefinedValues: true },
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
