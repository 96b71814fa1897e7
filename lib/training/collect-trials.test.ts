import { describe, expect, it } from 'vitest';
import type { ModelDefinitionInput } from '../model/definition.ts';
import { collectTrials, trialsRequest } from './collect-trials.ts';
import { anOrder, site } from './fixtures/builders.ts';
import { tuningJob } from './training-job.ts';
import { type Trial, type TuningReport, tuningReport } from './tuning-report.ts';

type Tune = NonNullable<NonNullable<ModelDefinitionInput['train']>['tune']>;

const parameters = {
  C: { type: 'continuous' as const, min: 0.01, max: 100, scale: 'log' as const },
  penalty: { type: 'categorical' as const, values: ['l1', 'l2'] },
};

function aTrial(number: number, objective: number | null, change: Partial<Trial> = {}): Trial {
  return {
    job: `trial-${number}`,
    search: 'search-1',
    hyperparameters: { C: 10 ** ((number % 5) - 2), penalty: number % 2 === 0 ? 'l1' : 'l2' },
    objective,
    status: 'completed',
    seconds: 30,
    ...change,
  };
}

function collecting(trials: Trial[][], tune: Partial<Tune> = {}, train: ModelDefinitionInput['train'] = {}) {
  const order = anOrder({ ...train, tune: { parameters, maxTrials: 4, ...tune } });
  const reports: TuningReport[] = [];
  const names = trials.map((_, index) => `search-${index + 1}`);
  const outcome = collectTrials(
    {
      readDeployed: async () => order.deployed,
      readSearch: async (job) => ({
        search: { job, status: 'Completed', seconds: 60 },
        trials: trials[names.indexOf(job)] ?? [],
      }),
      writeReport: async (report) => void reports.push(report),
    },
    trialsRequest.parse({
      runId: order.runId,
      model: 'iris',
      datasetId: order.datasetId,
      definitionDigest: order.deployed.digest,
      searches: names,
      firstSearch: tuningJob(site, order),
    }),
  );
  return { outcome, reports };
}

describe('collectTrials', () => {
  it('gives the best completed trial, and no further search when one was paid for', async () => {
    const trials = [
      aTrial(1, 0.7),
      aTrial(2, 0.9),
      aTrial(3, 0.99, { status: 'stopped' }),
      aTrial(4, null, { status: 'failed' }),
    ];
    const { outcome, reports } = collecting([trials]);
    expect(await outcome).toEqual({
      bestJob: 'trial-2',
      searches: ['search-1'],
      reportKey: 'tuning/iris/iris-0123456789abcdef.json',
      summary:
        'tuned by 4 trials in 1 search, best validation_score 0.9; all 4 trials of the budget were used',
      next: null,
    });
    expect(tuningReport.parse(JSON.parse(JSON.stringify(reports[0])))).toMatchObject({
      best: { job: 'trial-2', hyperparameters: { C: 1, penalty: 'l1' } },
      trials: [{ status: 'completed' }, {}, { status: 'stopped' }, { status: 'failed' }],
      importance: { shares: null, why: '2 completed trials are too few; it takes 6' },
      spent: { trials: 4, minutes: 1, machineMinutes: 2, money: null },
    });
  });

  it('takes the least when the objective is to be minimised', async () => {
    const objective = { metric: 'validation_rmse', goal: 'minimize' as const };
    const { outcome } = collecting([[aTrial(1, 0.7), aTrial(2, 0.9)]], { objective });
    expect((await outcome).bestJob).toBe('trial-1');
  });

  it('asks for another search with what is left, which knows those before it', async () => {
    const first = [1, 2, 3, 4].map((number) => aTrial(number, number / 10));
    const { outcome } = collecting([first], { budget: { trials: 6 } });
    expect((await outcome).next).toMatchObject({
      HyperParameterTuningJobName: 'evergreen-0123456789abcdef2',
      HyperParameterTuningJobConfig: { ResourceLimits: { MaxNumberOfTrainingJobs: 2 } },
      WarmStartConfig: { ParentHyperParameterTuningJobs: [{ HyperParameterTuningJobName: 'search-1' }] },
    });
  });

  it('counts what all searches took, in money too', async () => {
    const search = (from: number) => [0, 1, 2, 3].map((number) => aTrial(from + number, 0.5 + number / 100));
    const { outcome, reports } = collecting(
      [search(1), search(5)],
      { budget: { money: 1 } },
      { pricePerHour: 1.2 },
    );
    await outcome;
    // Eight trials of half a minute at 1.20 an hour.
    expect(reports[0]?.spent).toEqual({
      trials: 8,
      minutes: 2,
      machineMinutes: 4,
      money: expect.closeTo(0.08, 10),
    });
  });

  it('says which hyperparameters mattered', async () => {
    const trials = Array.from({ length: 20 }, (_, number) =>
      aTrial(number, 0.5 + 0.1 * Math.log10(10 ** ((number % 5) - 2))),
    );
    const { outcome, reports } = collecting([trials], { maxTrials: 20 });
    await outcome;
    const shares = reports[0]?.importance.shares ?? {};
    expect(shares.C).toBeGreaterThan(0.9);
    expect(shares.penalty).toBeLessThan(0.05);
  });

  it('keeps the report and says so when no trial completed', async () => {
    const { outcome, reports } = collecting([[aTrial(1, null, { status: 'failed' })]]);
    await expect(outcome).rejects.toMatchObject({
      code: 'training-output-invalid',
      message: expect.stringContaining('none completed'),
    });
    expect(reports[0]?.best).toBeNull();
  });
});
