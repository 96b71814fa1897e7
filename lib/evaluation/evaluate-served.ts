import type { Row } from '../data/dataset.ts';
import { openSession } from '../inference/session.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { quantisationOf } from '../model/serve.ts';
import { sha256 } from '../shared/digest.ts';
import type { EvaluationDocument } from './evaluation.ts';
import { examineModel, type TryModel } from './examine-model.ts';
import type { JobOutput } from './job-output.ts';
import { type LoadedFile, weighQuantised } from './weigh-quantised.ts';

/** The file with 8-bit weights that the job left, tried and loaded as the full one was; or why there is none. */
async function openQuantised(
  tryModel: TryModel,
  { int8, training }: JobOutput,
  definition: ModelDefinition,
): Promise<LoadedFile | { reason: string; isRefused: boolean }> {
  if (!int8) {
    const why =
      training.quantisation && 'reason' in training.quantisation
        ? `the model has no int8 file: ${training.quantisation.reason}`
        : 'the trainer left no model.int8.onnx';
    return { reason: why, isRefused: false };
  }
  const request = { definition, model: int8.model, modelDigest: sha256(int8.model), golden: int8.golden };
  const refusal = await examineModel(tryModel, request);
  if (refusal) return { reason: `${refusal.code}: ${refusal.message}`, isRefused: true };
  return { request, session: await openSession(request) };
}

/** Evaluates the file that is to serve: the one with 8-bit weights, where it loses little and passes the gate. */
export async function evaluateServed(
  tryModel: TryModel,
  full: LoadedFile,
  output: JobOutput,
  rows: readonly Row[],
  evaluate: (file: LoadedFile) => Promise<Omit<EvaluationDocument, 'quantisation'>>,
): Promise<{ isQuantised: boolean; evaluation: EvaluationDocument }> {
  const asked = quantisationOf(full.request.definition);
  if (!asked) return { isQuantised: false, evaluation: { ...(await evaluate(full)), quantisation: null } };
  const quantised = await openQuantised(tryModel, output, full.request.definition);
  try {
    const quantisation = await weighQuantised({ full, quantised, rows, mostLoss: asked.mostLoss });
    if ('reason' in quantised || quantisation.verdict !== 'served') {
      return { isQuantised: false, evaluation: { ...(await evaluate(full)), quantisation } };
    }
    const small = await evaluate(quantised);
    if (small.gate.verdict === 'pass') return { isQuantised: true, evaluation: { ...small, quantisation } };
    const reason = `the gate refuses the int8 file (${small.gate.reasons.join('; ')}), so the full file is served`;
    const refused = { ...quantisation, verdict: 'refused' as const, reason };
    return { isQuantised: false, evaluation: { ...(await evaluate(full)), quantisation: refused } };
  } finally {
    if ('session' in quantised) await quantised.session.release();
  }
}
