import { describe, expect, it } from 'vitest';
import { federationPlan, partyRoleSuffix } from './federated-jobs.ts';
import { aFederatedOrder, anOrder, site } from './fixtures/builders.ts';
import { trainingJob } from './training-job.ts';

const order = aFederatedOrder();
const plan = federationPlan(site, order);
const north = plan?.parties[0]?.job;

const channelsOf = (
  job: { InputDataConfig?: ReturnType<typeof trainingJob>['InputDataConfig'] } | undefined,
) =>
  (job?.InputDataConfig ?? []).map(({ ChannelName, DataSource }) => [
    ChannelName,
    DataSource?.S3DataSource?.S3Uri,
  ]);

describe('federationPlan', () => {
  it('is none for a model without parties', () => {
    expect(federationPlan(site, anOrder())).toBeNull();
  });

  it('gives each party the rows of its own prefix and the definition, and nothing of the dataset', () => {
    expect(plan?.parties.map(({ name }) => name)).toEqual(['north', 'south']);
    expect(channelsOf(north)).toEqual([
      ['train', 's3://evergreen-data/parties/iris/north/'],
      ['definition', `s3://evergreen-data/definitions/iris/${order.deployed.digest}.json`],
    ]);
    expect(JSON.stringify(plan?.parties)).not.toContain('datasets/');
  });

  it('runs each party as its own role, and lets it write below its own prefix', () => {
    expect(north?.RoleArn).toBe(`${site.rolePrefix}${partyRoleSuffix('iris', 'north')}`);
    expect(north?.OutputDataConfig?.S3OutputPath).toBe('s3://evergreen-models/federated/updates/iris/north');
    const roles = new Set(plan?.parties.map(({ job }) => job.RoleArn));
    expect(roles.size).toBe(2);
    expect(roles).not.toContain(trainingJob(site, anOrder()).RoleArn);
  });

  it('keeps no figures of a party beside its update', () => {
    expect(north?.AlgorithmSpecification).toEqual({ TrainingImage: site.image, TrainingInputMode: 'File' });
    expect(north?.EnableInterContainerTrafficEncryption).toBe(true);
    expect(north?.Environment).toEqual({ EVERGREEN_PARTY: 'north' });
  });

  it('ends with the ordinary job, which gets the last average beside the reference rows', () => {
    const ordinary = trainingJob(site, order);
    expect(plan?.packageJob).toEqual({ ...ordinary, InputDataConfig: expect.anything() });
    expect(channelsOf(plan?.packageJob)).toEqual([
      ...channelsOf(ordinary),
      ['federation', 's3://evergreen-models/federated/results/iris/iris-0123456789abcdef/federation.json'],
    ]);
  });

  it('stays below what a state may hand on, and names within 63 characters', () => {
    const names = Array.from({ length: 20 }, (_, place) => `a-name-of-20-chars${place + 10}`);
    const largest = federationPlan(site, aFederatedOrder(names));
    expect(JSON.stringify(largest).length).toBeLessThan(100_000);
    for (const { job } of largest?.parties ?? []) {
      expect(`${job.TrainingJobName}-n50-r9r9a4`.length).toBeLessThanOrEqual(63);
    }
  });
});

describe('partyRoleSuffix', () => {
  it('differs for a party of the same name of another model', () => {
    expect(partyRoleSuffix('iris', 'north')).not.toBe(partyRoleSuffix('wine', 'north'));
    expect(partyRoleSuffix('iris', 'north')).toMatch(/^[0-9a-f]{16}$/);
  });
});
