import type { ModelDefinition } from '../model/definition.ts';
import { takesRowsIn } from '../model/update-mode.ts';
import { EvergreenError } from '../shared/errors.ts';

/** A served version, as the registry names it. */
export interface ServedVersion {
  version: number;
  packagePrefix: string;
  packageDigest: string;
  datasetId: string;
}

/** The version that training goes on from. */
export interface Continuation {
  version: number;
  packagePrefix: string;
  packageDigest: string;
  /** Dataset the version knows: rows of it are not learned again. @default - all rows are learned */
  knownDatasetId?: string;
}

/** Whether trainings of a model may read packages of versions before. */
export function continues({ train, retrain }: ModelDefinition): boolean {
  return train.warmStart || takesRowsIn(retrain);
}

/**
 * What a training goes on from: nothing, the champion's weights, or for an online retrain also the rows it knows.
 *
 * @param sourceKey Where the rows of the run came from; those of a retrain lie below `retrain/`.
 * @param trigger Why the run began.
 */
export function continuationOf(
  definition: ModelDefinition,
  champion: ServedVersion | null,
  sourceKey: string,
  trigger?: string,
): Continuation | undefined {
  // New code trains anew on what the champion learned from, wherever that lies.
  const isOnline =
    takesRowsIn(definition.retrain, trigger) && trigger !== 'new-code' && sourceKey.startsWith('retrain/');
  if (champion === null || !(isOnline || definition.train.warmStart)) return undefined;
  const { version, packagePrefix, packageDigest, datasetId } = champion;
  return { version, packagePrefix, packageDigest, ...(isOnline && { knownDatasetId: datasetId }) };
}

/**
 * Refuses what only gradient descent can do, before it is deployed.
 *
 * @param hasOwnProgram Whether a train.py of the model takes the built-in trainer's place.
 * @throws EvergreenError `definition-invalid`.
 */
export function requireCapableTrainer(definition: ModelDefinition, hasOwnProgram: boolean): void {
  const { name, train, retrain, privacy } = definition;
  if (hasOwnProgram && train.federated) {
    throw new EvergreenError(
      'definition-invalid',
      `model ${name} asks for train.federated and has a train.py of its own; parties train by the built-in gradient-descent, so take one of them out`,
    );
  }
  if (hasOwnProgram || train.algorithm === 'gradient-descent') return;
  const asked = [
    train.warmStart ? 'train.warmStart' : '',
    train.instanceCount > 1 ? `train.instanceCount ${train.instanceCount}` : '',
    takesRowsIn(retrain) ? `retrain.${retrain.update ? `update ${retrain.update}` : 'mode online'}` : '',
    privacy.differentialPrivacy ? 'privacy.differentialPrivacy' : '',
  ].filter((each) => each !== '');
  if (asked.length === 0) return;
  throw new EvergreenError(
    'definition-invalid',
    `model ${name} asks for ${asked.join(', ')}, which ${train.algorithm} cannot do; use the algorithm gradient-descent, or a train.py of its own`,
  );
}
