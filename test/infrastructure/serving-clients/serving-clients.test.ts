import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { exportedFlowers } from '../../../lib/server/fixtures/exported.ts';
import { modelSourceOf } from '../../../lib/server/model-source.ts';
import { type RunningServer, startServer } from '../../../lib/server/server.ts';
import { serverSettings } from '../../../lib/server/settings.ts';
import { installPythonTool } from '../python-tool.ts';

/* The clients that people have, against the standalone server over a real socket. */

const run = promisify(execFile);
const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));

const labels = z.array(z.enum(['rose', 'iris', 'daisy'])).length(1000);
const understood = z.object({
  triton: z.object({
    live: z.boolean(),
    ready: z.boolean(),
    modelReady: z.array(z.boolean()),
    server: z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
    model: z.object({ name: z.string(), versions: z.array(z.string()) }),
    json: labels,
    jsonOfVersion: labels,
    scores: z.array(z.int()),
    binary: labels,
    isBinary: z.boolean(),
    binaryScores: z.array(z.array(z.number())),
    jsonScores: z.array(z.array(z.number())),
    missing: labels,
    unknownVersion: z.tuple([z.string(), z.string()]),
    unknownModel: z.tuple([z.string(), z.string()]),
  }),
  mlflow: z.object({ frame: labels, arrays: labels, records: labels, columns: labels, refusal: z.string() }),
});

let missing: string | undefined;
let server: RunningServer | undefined;
let folder: string | undefined;
let answer: z.infer<typeof understood> | undefined;

beforeAll(async () => {
  const programs = await installPythonTool('serving-clients', pathOf('./requirements.txt'));
  if (typeof programs !== 'string') {
    missing = programs.missing;
    return;
  }
  ({ folder } = await exportedFlowers());
  const settings = serverSettings.parse({ source: { kind: 'folder', path: folder }, port: 0 });
  server = await startServer({
    settings,
    source: await modelSourceOf(settings),
    serverVersion: '1.2.3',
    log: () => undefined,
  });
  const { stdout } = await run(`${programs}/python`, [pathOf('./ask.py'), `127.0.0.1:${server.port}`], {
    timeout: 60_000,
    maxBuffer: 16 * 1024 * 1024,
  });
  answer = understood.parse(JSON.parse(stdout));
});

beforeEach(({ skip }) => skip(missing !== undefined, missing));

afterAll(async () => {
  await server?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

describe("Triton's client", () => {
  it('learns what the server and the model are', () => {
    expect(answer?.triton).toMatchObject({
      live: true,
      ready: true,
      modelReady: [true, true, false],
      server: { name: 'evergreen', version: '1.2.3', extensions: ['binary_tensor_data'] },
      model: { name: 'flowers', versions: ['1'] },
      scores: [1000, 3],
    });
  });

  it('gets the same labels for a model and for its version', () => {
    expect(new Set(answer?.triton.json).size).toBeGreaterThan(1);
    expect(answer?.triton.jsonOfVersion).toEqual(answer?.triton.json);
  });

  it('gets its scores as bytes when it asks for them so, the same as in JSON', () => {
    expect(answer?.triton.isBinary).toBe(true);
    expect(answer?.triton.binaryScores).toEqual(answer?.triton.jsonScores);
    expect(answer?.triton.binaryScores.length).toBe(1000);
  });

  it('sends binary tensors, and JSON with NaN in it', () => {
    expect(answer?.triton.binary).toEqual(answer?.mlflow.frame);
    expect(answer?.triton.missing).toEqual(answer?.mlflow.frame);
  });

  it('understands why it is refused', () => {
    expect(answer?.triton.unknownVersion).toEqual(['404', expect.stringContaining('no live version "7"')]);
    expect(answer?.triton.unknownModel).toEqual(['404', expect.stringContaining('no model "roses"')]);
  });
});

describe("MLflow's client of scoring servers", () => {
  it('sends data frames, arrays, records and columns', () => {
    expect(answer?.mlflow.arrays).toEqual(answer?.mlflow.frame);
    expect(answer?.mlflow.records).toEqual(answer?.mlflow.frame);
    expect(answer?.mlflow.columns).toEqual(answer?.triton.json);
  });

  it('shows why it is refused', () => {
    expect(answer?.mlflow.refusal).toMatch(/error code 422.*\/dataframe_split\/columns lacks length/);
  });
});
