import { describe, expect, it } from 'vitest';
import type { DatasetManifest } from '../data/dataset.ts';
import { type RetrainRequest, readArrival, runIdOf } from '../intake/arrival.ts';
import { aDeployedModel } from '../intake/fixtures/builders.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { Label } from '../monitoring/label.ts';
import { type LogEntry, neverLive, toLiveVersion } from '../registry/registry.ts';
import type { Asked } from './ask-retrain.ts';
import type { Retrains } from './budget.ts';
import { aModelVersion } from './fixtures/builders.ts';
import { RetrainAsker } from './retrain-asker.ts';
import type { RetrainRecord } from './retrain-rows.ts';

const began = '2026-11-23T10:00:00.000Z';
const digest = 'a'.repeat(64);
const minutes = (count: number) => new Date(Date.parse(began) + count * 60_000);

function aLabel(index: number): Label {
  return {
    predictionId: `p-${index}`,
    row: 0,
    label: 'setosa',
    model: 'iris',
    labelledAt: minutes(1 + index / 1000).toISOString(),
    corrections: 0,
    replaced: [],
    expiresAt: 1,
  };
}

/** A model that asks for a run after five labels, in memory, under the conditions of the real stores. */
class World {
  policy: Partial<ModelDefinition['retrain']> = { everyLabels: 5, cooldownMinutes: 0 };
  version: number | null = 2;
  versionsDigest = digest;
  labels: Label[] = [];
  record: RetrainRecord | undefined;
  asked: Asked | undefined;
  retrains: Retrains | undefined;
  runInFlight: string | undefined;
  now = minutes(60);
  requests: RetrainRequest[] = [];
  log: LogEntry[] = [];
  dies = false;
  readonly deployed = aDeployedModel();

  get #definition(): ModelDefinition {
    const { definition } = this.deployed;
    return { ...definition, retrain: { ...definition.retrain, ...this.policy } };
  }

  get #manifest(): DatasetManifest {
    const file = { key: 'k', sha256: digest, bytes: 1 };
    const key = this.record ? 'retrain/iris/run.jsonl' : 'incoming/iris/a.csv';
    return {
      schema: 'evergreen/dataset/v1',
      model: 'iris',
      datasetId: 'ds-2',
      definitionDigest: digest,
      source: { bucket: 'data', key, versionId: 'v1', format: 'csv', bytes: 1, sha256: digest },
      rows: { read: 3, accepted: 3, quarantined: 0, duplicates: 0, train: 2, test: 1 },
      files: { train: file, test: file, golden: file, profile: file, report: file, quarantine: null },
      createdAt: began,
    };
  }

  give(count: number): void {
    const from = this.labels.length;
    this.labels.push(...Array.from({ length: count }, (_, index) => aLabel(from + index)));
  }

  look() {
    const asker = new RetrainAsker({
      registry: {
        readLive: async () => ({
          ...neverLive('iris', began),
          champion: this.version === null ? null : toLiveVersion(aModelVersion(this.version), began),
        }),
        listVersions: async () => {
          const made = aModelVersion(2);
          return [{ ...made, lineage: { ...made.lineage, definitionDigest: this.versionsDigest } }];
        },
        appendLog: async (entry) => {
          this.log.push(entry);
        },
      },
      asked: {
        read: async () => this.asked,
        keep: async (_model, kept, { before, after }) => {
          if (kept.revision !== (this.asked?.revision ?? 0) + 1 || before !== this.retrains) return false;
          this.asked = kept;
          this.retrains = after;
          return true;
        },
        finish: async (_model, { revision }) => {
          if (this.asked?.revision === revision) this.asked = { ...this.asked, status: 'sent' };
        },
      },
      readRetrains: async () => this.retrains,
      predictions: {
        labelsSince: async (_model, since, limit) =>
          this.labels
            .filter(({ labelledAt }) => labelledAt >= since)
            .toReversed()
            .slice(0, limit),
      },
      readManifest: async () => this.#manifest,
      readRecord: async () => {
        if (!this.record) throw new Error('no record');
        return this.record;
      },
      readDefinition: async () => this.deployed.definition,
      findRunInFlight: async () => this.runInFlight,
      requestRetrain: async (request) => {
        if (this.dies) throw new Error('died');
        this.requests.push(request);
      },
      now: () => this.now,
    });
    return asker.look({ ...this.deployed, definition: this.#definition });
  }
}

describe('RetrainAsker', () => {
  it('asks for one run when so many labelled rows came, however often it looks', async () => {
    const world = new World();
    world.give(4);
    expect(await world.look()).toMatchObject({ outcome: 'nothing' });
    world.give(1);
    expect(await world.look()).toMatchObject({
      outcome: 'asked',
      reason: expect.stringContaining('5 labelled rows'),
    });
    for (let again = 0; again < 3; again += 1)
      expect(await world.look()).toMatchObject({ outcome: 'nothing' });
    expect(world.requests).toEqual([
      {
        kind: 'feedback',
        model: 'iris',
        reason: '5 labelled rows came since the training of version 2',
        requestId: 'labels-2-5',
      },
    ]);
    expect(world.log).toMatchObject([{ action: 'retrain-asked', version: 2, who: 'feedback' }]);
  });

  it('asks again after as many more, if the run brought no other champion', async () => {
    const world = new World();
    world.give(7);
    await world.look();
    world.give(2);
    await world.look();
    expect(world.requests).toHaveLength(1);
    world.give(1);
    await world.look();
    expect(world.requests.map(({ requestId }) => requestId)).toEqual(['labels-2-5', 'labels-2-10']);
  });

  it('does not count labels that the champion learned from, and counts late ones', async () => {
    const world = new World();
    world.give(5);
    const names = world.labels.map(
      ({ predictionId, row, labelledAt }) => `${predictionId}#${row}@${labelledAt}`,
    );
    world.record = {
      schema: 'evergreen/retrain/v1',
      model: 'iris',
      runId: 'run',
      assembledAt: minutes(5).toISOString(),
      base: { version: 1, datasetId: 'ds-1' },
      labelledRows: 5,
      totalRows: 8,
      labelsFrom: began,
      labelsUpTo: minutes(2).toISOString(),
      recentLabels: names,
    };
    expect(await world.look()).toMatchObject({ outcome: 'nothing' });
    world.give(5);
    expect(await world.look()).toMatchObject({ outcome: 'asked' });
  });

  it('waits while a run is at work, for the cool-down and for the day, and asks afterwards', async () => {
    const world = new World();
    world.give(5);
    world.runInFlight = 'iris-1';
    expect(await world.look()).toMatchObject({
      outcome: 'wait',
      reason: expect.stringContaining('run iris-1 is at work'),
    });
    world.runInFlight = undefined;
    world.policy = { ...world.policy, cooldownMinutes: 30, mostPerDay: 1 };
    world.retrains = { lastRetrainAt: minutes(50).toISOString(), championVersion: 1, attempts: 1 };
    expect(await world.look()).toMatchObject({
      outcome: 'wait',
      reason: expect.stringContaining('in 20 minutes'),
    });
    world.now = minutes(81);
    world.retrains = { ...world.retrains, recent: [minutes(50).toISOString()] };
    expect(await world.look()).toMatchObject({
      outcome: 'wait',
      page: false,
      reason: expect.stringContaining('1 of 1'),
    });
    world.now = minutes(60 * 26);
    expect(await world.look()).toMatchObject({ outcome: 'asked' });
    expect(world.requests).toHaveLength(1);
  });

  it('calls a person when runs go on to bring nothing better', async () => {
    const world = new World();
    world.give(5);
    world.retrains = { lastRetrainAt: began, championVersion: 2, attempts: 3 };
    expect(await world.look()).toMatchObject({ outcome: 'wait', page: true });
    expect(world.requests).toEqual([]);
  });

  it('sends what it asked for when it died before it did', async () => {
    const world = new World();
    world.give(5);
    world.dies = true;
    await expect(world.look()).rejects.toThrow('died');
    expect(world.requests).toEqual([]);
    world.dies = false;
    expect(await world.look()).toMatchObject({ outcome: 'asked' });
    expect(world.requests.map(({ requestId }) => requestId)).toEqual(['labels-2-5']);
    expect(world.retrains?.attempts).toBe(1);
  });

  it('leaves it to whoever asked meanwhile', async () => {
    const world = new World();
    world.give(5);
    const looks = await Promise.all([world.look(), world.look()]);
    expect(looks.map(({ outcome }) => outcome).sort()).toEqual(['asked', 'wait']);
    expect(world.requests).toHaveLength(1);
  });

  it('does not ask again for labels that a version learned from which was rolled back', async () => {
    const world = new World();
    world.give(5);
    await world.look();
    world.version = 3;
    world.record = undefined;
    world.version = 2;
    expect(await world.look()).toMatchObject({ outcome: 'nothing' });
    expect(world.requests).toHaveLength(1);
  });

  it('asks for a run on the rows of the champion when other code is deployed, once', async () => {
    const world = new World();
    world.policy = { onNewCode: true, cooldownMinutes: 0 };
    for (let again = 0; again < 3; again += 1) await world.look();
    expect(world.requests).toMatchObject([
      {
        kind: 'new-code',
        requestId: `code-${world.deployed.digest}`,
        source: { key: 'incoming/iris/a.csv', versionId: 'v1' },
      },
    ]);
    const arrivals = world.requests.map((request) => readArrival(JSON.stringify(request)));
    const again = readArrival(JSON.stringify(world.requests[0]));
    expect(runIdOf(again, world.deployed.digest)).toBe(
      arrivals.map((each) => runIdOf(each, world.deployed.digest))[0],
    );
  });

  it('trains new code on the labels that came since as well', async () => {
    const world = new World();
    world.policy = { onNewCode: true, cooldownMinutes: 0 };
    world.give(1);
    await world.look();
    expect(world.requests).toMatchObject([{ kind: 'new-code' }]);
    expect(world.requests[0]?.source).toBeUndefined();
  });

  it('asks for nothing when a version has the deployed digest, or there is no champion', async () => {
    const world = new World();
    world.policy = { onNewCode: true };
    world.versionsDigest = world.deployed.digest;
    expect(await world.look()).toMatchObject({ outcome: 'nothing' });
    world.versionsDigest = digest;
    world.version = null;
    expect(await world.look()).toMatchObject({ outcome: 'nothing', reason: 'there is no champion yet' });
    expect(world.requests).toEqual([]);
  });
});
