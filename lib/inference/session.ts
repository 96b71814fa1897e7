// Not imported when it is first used: in a bundle only `require` finds packages that come as layers.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { signatureOf } from '../model/signature.ts';
import { requireDigest } from '../shared/digest.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import type { GoldenAnswers } from '../training/model-package.ts';
import { readAnswers } from './answers.ts';
import { compareGolden } from './golden.ts';
import type { Prediction } from './prediction-record.ts';
import { compileEncoder } from './tensors.ts';

/** A loaded model. `predict` answers rows that fit the definition, in their order; no rows give no answers. */
export interface ModelSession {
  predict(rows: readonly Row[]): Promise<Prediction[]>;
  /** Frees the runtime's memory; not to be called while a prediction is on. */
  release(): Promise<void>;
}

export interface SessionRequest {
  model: Uint8Array;
  /** SHA-256 that the registry, or the manifest it points to, holds for the model. */
  modelDigest: string;
  definition: ModelDefinition;
  golden: GoldenAnswers;
  /** Threads of one run. @default 1, since the runs of a process come one after the other */
  threads?: number;
}

/**
 * Rows of one run. What texts and support vectors take grows with rows times the longest text, or times the vectors: a
 * body full of short rows would ask for gigabytes.
 */
const rowsOfOneRun = 256;

async function createSession(model: Uint8Array, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(model, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 4,
    });
  } catch (cause) {
    throw new EvergreenError('model-inadmissible', `onnxruntime cannot load the model: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/**
 * Loads a model and holds it against its golden rows.
 *
 * The bytes must have been admitted before (admission.ts).
 *
 * @throws EvergreenError `artifact-damaged`, `model-inadmissible` or `golden-mismatch`.
 */
export async function openSession(request: SessionRequest): Promise<ModelSession> {
  const { definition, golden } = request;
  requireDigest(request.model, request.modelDigest, 'model.onnx');
  const { outputs } = signatureOf(definition);
  const session = await createSession(request.model, request.threads ?? 1);
  const encode = compileEncoder(definition);

  async function predict(rows: readonly Row[]): Promise<Prediction[]> {
    const answers: Prediction[] = [];
    for (let start = 0; start < rows.length; start += rowsOfOneRun) {
      answers.push(...(await run(rows.slice(start, start + rowsOfOneRun))));
    }
    return answers;
  }

  async function run(rows: readonly Row[]): Promise<Prediction[]> {
    const { numbers, texts } = encode(rows);
    const feeds: Record<string, Tensor> = {};
    if (numbers) feeds.numbers = new Tensor('float32', numbers, [rows.length, numbers.length / rows.length]);
    if (texts) feeds.texts = new Tensor('string', texts, [rows.length, texts.length / rows.length]);
    let answer: InferenceSession.OnnxValueMapType;
    try {
      answer = await session.run(feeds);
    } catch (cause) {
      throw new EvergreenError('model-failed', `onnxruntime cannot answer: ${messageOf(cause)}`, { cause });
    }
    return readAnswers(answer, outputs, rows.length);
  }

  const answers = await predict(golden.rows).catch((cause: unknown) => {
    throw new EvergreenError('golden-mismatch', `the golden rows are not answered: ${messageOf(cause)}`, {
      cause,
    });
  });
  const difference = compareGolden(answers, golden, 'label' in outputs ? outputs.classes : []);
  if (difference !== undefined) {
    await session.release();
    throw new EvergreenError('golden-mismatch', `the golden rows are answered otherwise: ${difference}`);
  }
  return { predict, release: () => session.release() };
}
