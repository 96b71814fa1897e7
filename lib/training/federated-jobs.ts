import type { CreateTrainingJobRequest } from '@aws-sdk/client-sagemaker';
import { definitionKey } from '../model/deployed-model.ts';
import { partyPrefix } from '../model/federation.ts';
import { sha256 } from '../shared/digest.ts';
import { channel, type TrainingOrder, type TrainingSite, trainingJob } from './training-job.ts';

/*
 * What a federation keeps in the model bucket:
 *
 *   federated/updates/<model>/<party>/<job>/output/model.tar.gz   written as the party's role; read by the average alone
 *   federated/rounds/<model>/<run>/<round>/weights.json           the average, for the parties' next round
 *   federated/results/<model>/<run>/federation.json               the last average, for the job that makes the package
 */

/** What the federation's state machine runs: its parties' jobs in each round, then one that makes the package. */
export interface FederationPlan {
  parties: { name: string; job: CreateTrainingJobRequest }[];
  packageJob: CreateTrainingJobRequest;
}

export const federatedPrefix = {
  updates: 'federated/updates/',
  rounds: 'federated/rounds/',
  results: 'federated/results/',
} as const;

export function updatesPrefix(model: string, party: string): string {
  return `${federatedPrefix.updates}${model}/${party}/`;
}

export function roundsPrefix(model: string): string {
  return `${federatedPrefix.rounds}${model}/`;
}

export function roundKey(model: string, runId: string, round: number): string {
  return `${roundsPrefix(model)}${runId}/${round}/weights.json`;
}

export function resultsPrefix(model: string): string {
  return `${federatedPrefix.results}${model}/`;
}

export function resultKey(model: string, runId: string): string {
  return `${resultsPrefix(model)}${runId}/federation.json`;
}

/** The end of the name of a party's role: a name of IAM has 64 characters, too few for a model's and a party's. */
export function partyRoleSuffix(model: string, party: string): string {
  return sha256(`${model}/${party}`).slice(0, 16);
}

/** The jobs of a run whose definition names parties; null for any other. */
export function federationPlan(site: TrainingSite, order: TrainingOrder): FederationPlan | null {
  const { name: model, train } = order.deployed.definition;
  if (!train.federated) return null;
  const ordinary = trainingJob(site, order);
  const result = channel('federation', site.modelBucket, resultKey(model, order.runId));
  return {
    parties: train.federated.parties.map((name) => ({ name, job: partyJob(site, order, ordinary, name) })),
    packageJob: { ...ordinary, InputDataConfig: [...(ordinary.InputDataConfig ?? []), result] },
  };
}

/**
 * A party's job: as the party's role, on the party's rows, and nothing of the dataset. The state machine adds the round
 * to its name and, from the second on, the weights to go on from.
 */
function partyJob(
  site: TrainingSite,
  { deployed }: TrainingOrder,
  { AlgorithmSpecification, ...ordinary }: CreateTrainingJobRequest,
  party: string,
): CreateTrainingJobRequest {
  const model = deployed.definition.name;
  return {
    ...ordinary,
    TrainingJobName: `${ordinary.TrainingJobName}-${party}`,
    // Without definitions of metrics: a party's losses are figures about its rows.
    AlgorithmSpecification: {
      TrainingImage: AlgorithmSpecification?.TrainingImage,
      TrainingInputMode: 'File',
    },
    RoleArn: `${site.rolePrefix}${partyRoleSuffix(model, party)}`,
    InputDataConfig: [
      channel('train', site.dataBucket, partyPrefix(model, party)),
      channel('definition', site.dataBucket, definitionKey(model, deployed.digest)),
    ],
    OutputDataConfig: {
      S3OutputPath: `s3://${site.modelBucket}/${updatesPrefix(model, party).slice(0, -1)}`,
      KmsKeyId: site.kmsKeyArn,
    },
    Environment: { EVERGREEN_PARTY: party },
    Tags: [...(ordinary.Tags ?? []), { Key: 'evergreen:party', Value: party }],
  };
}
