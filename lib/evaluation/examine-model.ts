import { admitModel } from '../inference/admission.ts';
import type { SessionRequest } from '../inference/session.ts';
import { EvergreenError } from '../shared/errors.ts';

/** Lets a model answer its golden rows where it can be ended. */
export type TryModel = (candidate: SessionRequest) => Promise<void>;

/** Findings that speak against the model, not against the run. */
export const refusals = ['model-inadmissible', 'golden-mismatch', 'model-failed'];

export function isOf(thrown: unknown, codes: readonly string[]): thrown is EvergreenError {
  return thrown instanceof EvergreenError && codes.includes(thrown.code);
}

/** Admits and tries the model; a refusal is a value, everything else that goes wrong is thrown. */
export async function examineModel(
  tryModel: TryModel,
  candidate: SessionRequest,
): Promise<EvergreenError | undefined> {
  try {
    admitModel(candidate.model, candidate.definition);
    await tryModel(candidate);
    return undefined;
  } catch (thrown) {
    if (isOf(thrown, refusals)) return thrown;
    throw thrown;
  }
}
