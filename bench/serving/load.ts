import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a run of load saw; latencies in ms. */
export interface LoadResult {
  perSecond: number;
  p50: number;
  p99: number;
}

export interface LoadRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Asked at random in place of the address's own. @default - the one of the address */
  paths?: readonly string[];
  connections: number;
  seconds: number;
}

/** @throws Error when wrk is not installed. */
export function requireWrk(): void {
  try {
    execFileSync('wrk', ['-v'], { stdio: 'ignore' });
  } catch (cause) {
    // It prints its version and ends with 1.
    if (!(cause instanceof Error && 'status' in cause && cause.status === 1)) {
      throw new Error('the load comes from wrk, which is not installed: apt-get install wrk', { cause });
    }
  }
}

const milliseconds: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

function toMilliseconds(text: string): number {
  const [, digits, unit = ''] = /^([\d.]+)(us|ms|s|m)$/.exec(text) ?? [];
  const factor = milliseconds[unit];
  if (factor === undefined) throw new Error(`wrk gives ${text} as a latency`);
  return Number(digits) * factor;
}

function find(output: string, pattern: RegExp): string {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`wrk said something else:\n${output}`);
  return found;
}

/**
 * Posts one body over and over from so many connections.
 *
 * @throws Error when a single reply is no 2xx, or does not come.
 */
export async function load(
  folder: string,
  { url, headers, body, paths = [], connections, seconds }: LoadRequest,
): Promise<LoadResult> {
  const script = join(folder, 'post.lua');
  const bodyFile = join(folder, 'post.body');
  writeFileSync(bodyFile, body);
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  const listed = paths.map((path) => JSON.stringify(path)).join(', ');
  const atRandom =
    paths.length === 0
      ? []
      : [
          `local paths = { ${listed} }`,
          'request = function() return wrk.format(nil, paths[math.random(#paths)]) end',
        ];
  writeFileSync(
    script,
    [
      'wrk.method = "POST"',
      `wrk.body = io.open(${JSON.stringify(bodyFile)}, "rb"):read("*a")`,
      ...lines,
      ...atRandom,
    ].join('\n'),
  );
  const output = await new Promise<string>((resolve, reject) => {
    const options = [
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '--latency',
      '--timeout',
      '30s',
      '-s',
      script,
      url,
    ];
    const child = spawn('wrk', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.once('error', reject);
    child.once('close', () => resolve(said));
  });
  if (/Non-2xx|Socket errors/.test(output))
    throw new Error(`${url} did not answer every request:\n${output}`);
  return {
    perSecond: Number(find(output, /Requests\/sec:\s+([\d.]+)/)),
    p50: toMilliseconds(find(output, /^\s+50%\s+(\S+)/m)),
    p99: toMilliseconds(find(output, /^\s+99%\s+(\S+)/m)),
  };
}
