// Not imported when it is first used: in a bundle only `require` finds packages that come as layers.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { isNumeric } from '../model/features.ts';
import { signatureOf } from '../model/signature.ts';
import { requireDigest } from '../shared/digest.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import type { GoldenAnswers } from '../training/model-package.ts';
import { compileAnswerReader } from './answers.ts';
import { findClassNumbers, withOutput } from './class-numbers.ts';
import { compareGolden } from './golden.ts';
import { mebibyte, rowsOfOneRun } from './memory-budget.ts';
import type { Prediction } from './prediction-record.ts';
import { compileEncoder, type Matrices, takeRows } from './tensors.ts';

/** A loaded model. It answers rows that fit the definition, in their order; no rows give no answers. */
export interface ModelSession {
  answer(matrices: Matrices): Promise<Prediction[]>;
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

/** A larger model takes so long to run that its labels do not matter, and is not held twice. */
const mostCopiedBytes = 16 * mebibyte;

/** A typed array out of the runtime costs as much as the texts of so many labels. */
const leastNumbered = 8;

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
  const { outputs: signature } = signatureOf(definition);
  const isLabelled = 'label' in signature && request.model.length <= mostCopiedBytes;
  const classNumbers = isLabelled ? findClassNumbers(request.model) : undefined;
  const session = await createSession(
    classNumbers ? withOutput(request.model, classNumbers.tensor) : request.model,
    request.threads ?? 1,
  );
  const withTexts = session.outputNames.filter((name) => name !== classNumbers?.tensor);
  const withNumbers = session.outputNames.filter((name) => name !== 'label');
  const most = rowsOfOneRun(request.model.length, !Object.values(definition.features).every(isNumeric));
  const encode = compileEncoder(definition);
  const readAnswers = compileAnswerReader(signature, classNumbers);

  async function answer(matrices: Matrices): Promise<Prediction[]> {
    const { rows } = matrices;
    if (rows > 0 && rows <= most) return run(matrices);
    const answers: Prediction[] = [];
    for (let start = 0; start < rows; start += most) {
      answers.push(...(await run(takeRows(matrices, start, Math.min(start + most, rows)))));
    }
    return answers;
  }

  async function run({ rows, numbers, texts }: Matrices): Promise<Prediction[]> {
    const feeds: Record<string, Tensor> = {};
    if (numbers) feeds.numbers = new Tensor('float32', numbers, [rows, numbers.length / rows]);
    if (texts) feeds.texts = new Tensor('string', texts, [rows, texts.length / rows]);
    let outputs: InferenceSession.OnnxValueMapType;
    try {
      outputs = await session.run(feeds, classNumbers && rows >= leastNumbered ? withNumbers : withTexts);
    } catch (cause) {
      throw new EvergreenError('model-failed', `onnxruntime cannot answer: ${messageOf(cause)}`, { cause });
    }
    return readAnswers(outputs, rows);
  }

  const predict = (rows: readonly Row[]) => answer(encode(rows));
  const answers = await predict(golden.rows).catch((cause: unknown) => {
    throw new EvergreenError('golden-mismatch', `the golden rows are not answered: ${messageOf(cause)}`, {
      cause,
    });
  });
  const difference = compareGolden(answers, golden, 'label' in signature ? signature.classes : []);
  if (difference !== undefined) {
    await session.release();
    throw new EvergreenError('golden-mismatch', `the golden rows are answered otherwise: ${difference}`);
  }
  return { answer, predict, release: () => session.release() };
}
