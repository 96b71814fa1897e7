import * as z from 'zod';
import { digest, digestOf } from '../shared/digest.ts';
import { type ModelDefinition, modelDefinition } from './definition.ts';

/** A definition together with the training code it was deployed with; its digest pins both. */
export const deployedModel = z.strictObject({
  definition: modelDefinition,
  code: z.strictObject({
    /** Key of the source archive that SageMaker script mode unpacks, in the bucket of the deployment's assets. */
    key: z.string(),
    /** SHA-256 of the archive's contents. */
    digest,
    /** The Python file that is run, relative to the archive's root. */
    program: z.string(),
  }),
  digest,
});

export type DeployedModel = z.infer<typeof deployedModel>;

export function deployModel(definition: ModelDefinition, code: DeployedModel['code']): DeployedModel {
  // Tensors hold the features in the definition's order, which the digest of an object does not tell.
  const order = Object.keys(definition.features);
  return {
    definition,
    code,
    digest: digestOf({ definition, order, code: code.digest, program: code.program }),
  };
}

/** Where intake keeps a deployed model so that later steps read the very one the run began with. */
export function definitionKey(model: string, definitionDigest: string): string {
  return `definitions/${model}/${definitionDigest}.json`;
}
