import { type DatasetManifest, datasetKey, type SourceObject } from '../data/dataset.ts';
import type { RetrainRequest } from '../intake/arrival.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { DeployedModel } from '../model/deployed-model.ts';
import type { PredictionStore } from '../monitoring/predictions.store.ts';
import type { RegistryStore } from '../registry/registry.store.ts';
import type { Live } from '../registry/registry.ts';
import { type Asked, askRetrain, labelsWanted } from './ask-retrain.ts';
import type { AskedStore } from './asked.store.ts';
import type { Retrains } from './budget.ts';
import { newLabels, type RetrainRecord, recordKeyOf, searchFrom } from './retrain-rows.ts';

export interface RetrainAskerParts {
  registry: Pick<RegistryStore, 'readLive' | 'listVersions' | 'appendLog'>;
  asked: Pick<AskedStore, 'read' | 'keep' | 'finish'>;
  readRetrains(model: string): Promise<Retrains | undefined>;
  predictions: Pick<PredictionStore, 'labelsSince'>;
  readManifest(key: string): Promise<DatasetManifest>;
  readRecord(key: string): Promise<RetrainRecord>;
  readDefinition(model: string, definitionDigest: string): Promise<ModelDefinition>;
  /** A run of the model that has not ended, if any. */
  findRunInFlight(model: string): Promise<string | undefined>;
  requestRetrain(request: RetrainRequest): Promise<void>;
  now(): Date;
}

/** What came of a look. */
export interface AskedOrNot {
  outcome: 'asked' | 'nothing' | 'wait';
  reason: string;
  page: boolean;
}

/** Versions, newest first, among which one with the deployed digest is looked for. */
const versionsLookedAt = 50;

/** Asks for the runs that labels and new code call for, each once however often it looks. */
export class RetrainAsker {
  readonly #parts: RetrainAskerParts;

  constructor(parts: RetrainAskerParts) {
    this.#parts = parts;
  }

  async look(deployed: DeployedModel): Promise<AskedOrNot> {
    const { registry, asked: store, readRetrains, findRunInFlight, now } = this.#parts;
    const { name: model } = deployed.definition;
    const [live, asked, retrains, runInFlight] = await Promise.all([
      registry.readLive(model),
      store.read(model),
      readRetrains(model),
      findRunInFlight(model),
    ]);
    const wanted = labelsWanted({ deployed, live, asked });
    const [labels, isCodeKnown] = await Promise.all([
      wanted === undefined ? 0 : this.#countLabels(live, wanted),
      deployed.definition.retrain.onNewCode ? this.#knowsCode(deployed) : true,
    ]);
    const at = now();
    const asking = askRetrain({
      deployed,
      live,
      newLabels: labels,
      isCodeKnown,
      asked,
      retrains,
      runInFlight,
      now: at,
    });
    if (asking.outcome === 'send again') {
      return this.#send(model, asking.asked);
    }
    if (asking.outcome !== 'ask') return asking;
    const request = await this.#withRows(asking.asked.request, live, deployed);
    const made: Asked = { ...asking.asked, request };
    if (!(await store.keep(model, made, { before: retrains, after: asking.retrains }))) {
      return { outcome: 'wait', reason: 'something else was asked for meanwhile', page: false };
    }
    await this.#log(live, request, at);
    return this.#send(model, made);
  }

  async #send(model: string, made: Asked): Promise<AskedOrNot> {
    await this.#parts.requestRetrain(made.request);
    await this.#parts.asked.finish(model, made);
    return { outcome: 'asked', reason: made.request.reason, page: false };
  }

  async #knowsCode({ definition, digest }: DeployedModel): Promise<boolean> {
    const versions = await this.#parts.registry.listVersions(definition.name, versionsLookedAt);
    return versions.some(({ lineage }) => lineage.definitionDigest === digest);
  }

  async #datasetOf({ model, champion }: Live): Promise<DatasetManifest | undefined> {
    return champion
      ? this.#parts.readManifest(datasetKey(model, champion.datasetId, 'manifest.json'))
      : undefined;
  }

  /** Labels that a retrain would learn from, as {@link assembleRetrain} looks for them. */
  async #countLabels(live: Live, most: number): Promise<number> {
    const manifest = await this.#datasetOf(live);
    if (!manifest) return 0;
    const recordKey = recordKeyOf(manifest.source.key);
    const record = recordKey === undefined ? undefined : await this.#parts.readRecord(recordKey);
    const since = searchFrom(manifest.createdAt, record);
    const limit = most + (record?.recentLabels.length ?? 0);
    const found = await this.#parts.predictions.labelsSince(live.model, since, limit, this.#parts.now());
    return Math.min(most, newLabels(found, record).length);
  }

  /**
   * New code learns from the file that the champion's dataset was made of. Where labels came since, it learns from the
   * dataset and them, as other retrains do; not where the definition has features that no captured row has.
   */
  async #withRows(
    request: RetrainRequest,
    live: Live,
    { definition }: DeployedModel,
  ): Promise<RetrainRequest> {
    if (request.kind !== 'new-code') return request;
    const manifest = await this.#datasetOf(live);
    if (!manifest) return request;
    const source: SourceObject = manifest.source;
    const before = await this.#parts.readDefinition(live.model, manifest.definitionDigest);
    const isWider = Object.keys(definition.features).some((name) => !(name in before.features));
    return isWider || (await this.#countLabels(live, 1)) === 0 ? { ...request, source } : request;
  }

  async #log({ model, champion, revision }: Live, request: RetrainRequest, at: Date): Promise<void> {
    const version = champion?.version ?? null;
    await this.#parts.registry.appendLog({
      model,
      at: at.toISOString(),
      revision,
      action: 'retrain-asked',
      version,
      championBefore: version,
      championAfter: version,
      who: request.kind,
      why: request.reason,
      details: { ...request },
    });
  }
}
