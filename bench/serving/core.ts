import { InferenceSession, Tensor } from 'onnxruntime-node';
import { jsonLengthHeader } from '../../lib/inference/binary-tensors.ts';
import { findClassNumbers, withOutput } from '../../lib/inference/class-numbers.ts';
import { MemorySource } from '../../lib/inference/fixtures/packages.ts';
import type { WireResponse } from '../../lib/inference/problem.ts';
import type { WireRequest } from '../../lib/inference/request-body.ts';
import { Serving } from '../../lib/inference/serving.ts';
import { type Figure, figure, median } from '../figures.ts';
import { type TrainedModel, takeRows } from './models.ts';

const rounds = 7;
const secondsOfOne = 0.4;

/** Mean microseconds of one call over about half a second. */
async function microseconds(call: () => Promise<unknown>): Promise<number> {
  const until = performance.now() + secondsOfOne * 1000;
  const began = performance.now();
  let calls = 0;
  do {
    for (let each = 0; each < 20; each += 1) await call();
    calls += 20;
  } while (performance.now() < until);
  return ((performance.now() - began) * 1000) / calls;
}

/** The labels of a reply: members of its rows, or the first tensor behind its JSON, each with its length before it. */
function saidLabels({ headers, body }: WireResponse): string[] {
  const bytes = Buffer.from(body);
  const jsonBytes = headers[jsonLengthHeader];
  if (jsonBytes === undefined) {
    return JSON.parse(bytes.toString()).predictions.map((each: { label: string }) => each.label);
  }
  const [label] = JSON.parse(bytes.subarray(0, Number(jsonBytes)).toString()).outputs;
  const labels: string[] = [];
  for (let place = Number(jsonBytes); labels.length < label.shape[0]; ) {
    const end = place + 4 + bytes.readUInt32LE(place);
    labels.push(bytes.subarray(place + 4, end).toString());
    place = end;
  }
  return labels;
}

/** The whole way of a request without a network, and what a program without any of it would do. */
async function callsOf(trained: TrainedModel, count: number) {
  const { definition, model } = trained;
  const { name } = definition;
  const source = new MemorySource();
  source.modelNames = [name];
  source.setLive(name, { champion: source.add(1, trained) });
  const serving = new Serving({
    source,
    report: () => undefined,
    serverVersion: 'bench',
    liveCacheMs: 3_600_000,
  });
  await serving.warmUp();
  const bareOptions = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' } as const;
  const bare = await InferenceSession.create(model, bareOptions);
  const features = Object.keys(definition.features);
  const { rows, labels } = takeRows(trained.sample, count);
  const numbers = Float32Array.from(rows.flatMap((row) => features.map((each) => row[each] ?? 0)));
  const asRows = Buffer.from(JSON.stringify({ rows }));
  const tensors = Buffer.from(numbers.buffer);
  const head = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [
        {
          name: 'numbers',
          datatype: 'FP32',
          shape: [count, features.length],
          parameters: { binary_data_size: tensors.length },
        },
      ],
    }),
  );
  const ask = (path: string, headers: WireRequest['headers'], body: Buffer) => () =>
    serving.handle({ method: 'POST', path, headers, body, traceId: '0'.repeat(32) });
  const run = async () => {
    const { label } = await bare.run({
      numbers: new Tensor('float32', numbers, [count, features.length]),
    });
    return label?.data;
  };
  const classNumbers = findClassNumbers(model);
  if (!classNumbers) throw new Error(`${name} gives no numbers of classes`);
  const numbered = await InferenceSession.create(withOutput(model, classNumbers.tensor), bareOptions);
  const calls = {
    run,
    /** The same without a label in words, which no caller could use as it is. */
    numbers: async () => {
      const outputs = await numbered.run(
        { numbers: new Tensor('float32', numbers, [count, features.length]) },
        numbered.outputNames.filter((each) => each !== 'label'),
      );
      return outputs[classNumbers.tensor]?.data;
    },
    /** What no server in JSON can do without. */
    json: async () => {
      const parsed = JSON.parse(asRows.toString());
      const flat = new Float32Array(parsed.rows.length * features.length);
      let place = 0;
      for (const row of parsed.rows) for (const each of features) flat[place++] = row[each];
      const { label } = await bare.run({ numbers: new Tensor('float32', flat, [count, features.length]) });
      return JSON.stringify({
        predictions: Array.from((label?.data ?? []) as string[], (each) => ({ label: each })),
      });
    },
    rows: ask(`/models/${name}/predict`, { 'content-type': 'application/json' }, asRows),
    tensors: ask(
      `/v2/models/${name}/infer`,
      { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(head.length) },
      Buffer.concat([head, tensors]),
    ),
  };
  for (const reply of [await calls.rows(), await calls.tensors()]) {
    const said = saidLabels(reply);
    if (said.join() !== labels.join()) {
      throw new Error(`${name} answers ${count} rows otherwise than its trainer: ${said.slice(0, 20)}`);
    }
  }
  return calls;
}

/** Parse, check, predict and write, beside the session alone. */
export async function measureCore(
  models: TrainedModel[],
  say: (line: string) => void,
): Promise<{ figures: Figure[]; oneRowMs: number }> {
  const figures: Figure[] = [];
  let oneRowMs = Number.NaN;
  for (const trained of models) {
    const { name } = trained.definition;
    for (const count of [1, 1000]) {
      const calls = await callsOf(trained, count);
      const taken: Record<keyof typeof calls, number[]> = {
        run: [],
        numbers: [],
        json: [],
        rows: [],
        tensors: [],
      };
      const kinds = Object.keys(calls) as (keyof typeof calls)[];
      for (const kind of kinds) await microseconds(calls[kind]);
      for (let round = 0; round < rounds; round += 1) {
        for (const kind of kinds) taken[kind].push(await microseconds(calls[kind]));
      }
      const shown = kinds.map((kind) => `${kind} ${median(taken[kind]).toFixed(1)} µs`).join(', ');
      say(`core, ${name}, ${count} row${count === 1 ? '' : 's'}: ${shown}`);
      const ratios = (kind: keyof typeof calls, to: keyof typeof calls) =>
        taken[kind].map((each, round) => each / (taken[to][round] ?? Number.NaN));
      if (count === 1 && name === 'iris') {
        oneRowMs = median(taken.rows) / 1000;
        figures.push(figure('core, one row, of the session alone', ratios('rows', 'run'), '1', 1.6));
      } else if (count === 1000) {
        figures.push(
          figure(
            `core, 1,000 rows as tensors, ${name}, of the session alone`,
            ratios('tensors', 'run'),
            '1',
            1.25,
          ),
          figure(
            `core, 1,000 rows as JSON, ${name}, of JSON.parse, session and JSON.stringify`,
            ratios('rows', 'json'),
            '1',
            1.25,
          ),
        );
      }
    }
  }
  return { figures, oneRowMs };
}
