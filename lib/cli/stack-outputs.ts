import * as z from 'zod';
import { EvergreenError } from '../shared/errors.ts';

/** What the stack says of itself: the only place addresses come from. */
export const stackOutputs = z.object({
  ApiUrl: z.string(),
  ApiId: z.string(),
  ApiStage: z.string(),
  ApiKeyId: z.string(),
  DataBucket: z.string(),
  /** ARN of the key that hashes ids of persons. */
  SubjectKeyArn: z.string(),
  /** ARN of the key that keys for hashing personal features are made from. */
  HashKeyArn: z.string(),
  ModelBucket: z.string(),
  RegistryTable: z.string(),
  /** What signs and registers a version that is imported. */
  RegisterVersionFunction: z.string(),
  /** ARN of the key that signs versions. */
  SigningKeyArn: z.string(),
  RunsTable: z.string(),
  PredictionsTable: z.string(),
  PipelineArn: z.string(),
  TrainingArn: z.string(),
  RolloutArn: z.string(),
  BatchArn: z.string(),
  IntakeQueueUrl: z.string(),
  MeasureDriftFunction: z.string(),
  /** Names, separated by commas. */
  Models: z.string(),
  /** `<model>/<party>`, separated by commas; left out when no model is trained by parties. */
  Parties: z.string().default(''),
  DashboardPrefix: z.string(),
});
export type StackOutputs = z.infer<typeof stackOutputs>;

/** @throws EvergreenError `stack-missing` when an output is not there: an older or half-made deployment. */
export function readOutputs(
  stack: string,
  outputs: { OutputKey?: string | undefined; OutputValue?: string | undefined }[],
): StackOutputs {
  const values = Object.fromEntries(
    outputs.map(({ OutputKey, OutputValue }) => [OutputKey ?? '', OutputValue]),
  );
  const parsed = stackOutputs.safeParse(values);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new EvergreenError(
    'stack-missing',
    `stack ${stack} has no output ${missing}; it was deployed by another version, or not to its end`,
  );
}

export function modelNames(outputs: StackOutputs): string[] {
  return outputs.Models.split(',').filter((name) => name !== '');
}

/** @throws EvergreenError `model-unknown`. */
export function requireModel(outputs: StackOutputs, model: string): void {
  const names = modelNames(outputs);
  if (names.includes(model)) return;
  throw new EvergreenError(
    'model-unknown',
    `no model is named ${model}; deployed are: ${names.join(', ') || 'none yet'}`,
  );
}

/** @throws EvergreenError `usage-invalid` when the model has no such party, whose rows nobody would read. */
export function requireParty(outputs: StackOutputs, model: string, party: string): void {
  const parties = outputs.Parties.split(',').flatMap((each) => {
    const [of, name] = each.split('/');
    return of === model && name !== undefined ? [name] : [];
  });
  if (parties.includes(party)) return;
  throw new EvergreenError(
    'usage-invalid',
    parties.length === 0
      ? `model ${model} is not trained by parties; leave --party out`
      : `${party} is no party of ${model}; its parties are: ${parties.join(', ')}`,
  );
}

/** The engine serves every API below one address of its own, whatever the stack's URL says. */
export function apiAddress(outputs: StackOutputs, enginePort: number | undefined): string {
  return enginePort === undefined
    ? outputs.ApiUrl.replace(/\/+$/, '')
    : `http://127.0.0.1:${enginePort}/restapis/${outputs.ApiId}/${outputs.ApiStage}/_user_request_`;
}
