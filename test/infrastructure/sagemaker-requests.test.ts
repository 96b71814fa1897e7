import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CreateTrainingJobRequest } from '@aws-sdk/client-sagemaker';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { sparkImage } from '../../lib/data/spark/spark-image.ts';
import { sparkJob } from '../../lib/data/spark/spark-job.ts';
import { repositoryRoot } from '../../lib/local/home.ts';
import { awsStage } from '../../lib/platform/stage.ts';
import { federationPlan, roundKey } from '../../lib/training/federated-jobs.ts';
import { aFederatedOrder, anOrder, site, tuningOrders } from '../../lib/training/fixtures/builders.ts';
import { channel, trainingJob, tuningJob } from '../../lib/training/training-job.ts';
import { nextSearch, nothingSpent } from '../../lib/training/tuning-budget.ts';

interface Request {
  operation: 'CreateTrainingJob' | 'CreateHyperParameterTuningJob' | 'CreateProcessingJob';
  request: object | undefined;
}

/** What AWS's own model of the service, shipped with botocore, has against each request; nothing is an empty text. */
function complaintsAbout(...requests: Request[]): string[] {
  const python = join(repositoryRoot, '.venv', 'bin', 'python');
  const script = fileURLToPath(new URL('./validate-requests.py', import.meta.url));
  const printed = execFileSync(python, [script], {
    input: JSON.stringify(requests),
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: join(repositoryRoot, 'local') },
  });
  return z.array(z.string()).parse(JSON.parse(printed));
}

/** As the state machines complete them. */
const [trainingAttempt, attempt] = ['-r9r9c5a4', '-9954'];

const training = (order = anOrder({ hyperparameters: { C: 1, penalty: 'l2' } })): Request => {
  const job = trainingJob(site, order);
  return {
    operation: 'CreateTrainingJob',
    request: { ...job, TrainingJobName: `${job.TrainingJobName}${trainingAttempt}` },
  };
};

/** The search after the gate refused what the first one found. */
function secondSearch(): Request {
  const order = tuningOrders.budgeted ?? anOrder();
  const first = tuningJob(site, order);
  const { train } = order.deployed.definition;
  if (!first || !train.tune) throw new Error('the order does not tune');
  const spent = { ...nothingSpent, searches: 1, trials: 6, seconds: 60, machineSeconds: 100 };
  const next = nextSearch(first, train, train.tune, spent, [
    `${first.HyperParameterTuningJobName}${attempt}`,
  ]);
  if ('reason' in next) throw new Error(next.reason);
  const HyperParameterTuningJobName = `${next.request.HyperParameterTuningJobName}${attempt}`;
  return {
    operation: 'CreateHyperParameterTuningJob',
    request: { ...next.request, HyperParameterTuningJobName },
  };
}

/** As the state machine completes them: the longest names, with the weights to go on from. */
function ofParties(): Request[] {
  const plan = federationPlan(site, aFederatedOrder(['north', 'a-name-of-twenty-cha']));
  const weights = channel('weights', site.modelBucket, roundKey('iris', 'iris-0123456789abcdef', 49));
  const named = (request: CreateTrainingJobRequest, ending: string): Request => ({
    operation: 'CreateTrainingJob',
    request: { ...request, TrainingJobName: `${request.TrainingJobName}${ending}` },
  });
  const jobs = (plan?.parties ?? []).map(({ job }) =>
    named({ ...job, InputDataConfig: [...(job.InputDataConfig ?? []), weights] }, '-n50-r9r9c5a4'),
  );
  return [...jobs, ...(plan ? [named(plan.packageJob, '-r9r9c5a4')] : [])];
}

/** Of an upload that Spark examines, on one machine or several. */
function examination(machines: number): Request {
  const job = sparkJob(
    {
      dataBucket: site.dataBucket,
      codeBucket: site.codeBucket,
      packageKey: `${'a'.repeat(64)}.zip`,
      programKey: `${'b'.repeat(64)}.py`,
      image: sparkImage('eu-central-1', 'amazonaws.com') ?? '',
      rolePrefix: site.rolePrefix,
      kmsKeyArn: site.kmsKeyArn,
      ...awsStage.spark,
      bytesPerInstance: 1,
      maxSourceBytes: 1,
      hashKeyArn: site.kmsKeyArn,
    },
    { runId: 'iris-0123456789abcdef', model: 'iris' },
    machines,
  );
  const ProcessingJobName = `${job.ProcessingJobName}${attempt}`;
  return { operation: 'CreateProcessingJob', request: { ...job, ProcessingJobName } };
}

describe('requests to SageMaker', () => {
  it('have the shape that AWS accepts', () => {
    const tuning = Object.values(tuningOrders).map((order): Request => {
      const job = tuningJob(site, order);
      const HyperParameterTuningJobName = `${job?.HyperParameterTuningJobName}${attempt}`;
      return {
        operation: 'CreateHyperParameterTuningJob',
        request: { ...job, HyperParameterTuningJobName },
      };
    });
    const requests = [training(), ...tuning, secondSearch(), ...ofParties(), examination(1), examination(8)];
    expect(requests).toHaveLength(Object.keys(tuningOrders).length + 7);
    expect(complaintsAbout(...requests)).toEqual(requests.map(() => ''));
  });

  it('are refused when they have another shape', () => {
    const { operation, request } = training();
    const [unnamed, unlimited, numbered] = complaintsAbout(
      { operation, request: { ...request, TrainingJobName: 'no_name' } },
      { operation, request: { ...request, StoppingCondition: { MaxRuntimeInSeconds: 60, MaxWait: 1 } } },
      { operation, request: { ...request, HyperParameters: { C: 1 } } },
    );
    expect(unnamed).toMatch(/no_name/);
    expect(unlimited).toMatch(/MaxWait/);
    expect(numbered).toMatch(/HyperParameters\.C/);
  });

  it('are refused when a name outgrows its limit', () => {
    const order = tuningOrders.bayesian ?? anOrder();
    const request = { ...tuningJob(site, order), HyperParameterTuningJobName: `evergreen-${'0'.repeat(23)}` };
    const [tooLong] = complaintsAbout({ operation: 'CreateHyperParameterTuningJob', request });
    expect(tooLong).toMatch(/length less than or equal to 32/);
  });
});
