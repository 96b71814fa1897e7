import { withoutCheckedColumns } from '../data/checks/kept-columns.ts';
import type { DatasetManifest, Row } from '../data/dataset.ts';
import { type ErasureSource, type ErasureTools, eraseRows } from '../data/erasure/erase-rows.ts';
import type { ErasureRecord } from '../data/erasure/erasure-record.ts';
import { subjectColumn } from '../data/erasure/subject-column.ts';
import type { Wanted } from '../data/erasure/subject-rows.duckdb.ts';
import { isUploadManifest } from '../data/parts/upload-manifest.ts';
import { listDatasets } from '../data/versions/datasets.store.ts';
import { listKeys, listVersions } from '../data/versions/objects-below.store.ts';
import type { Progress } from '../local/progress.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { definitionKey, deployedModel } from '../model/deployed-model.ts';
import { readDocument } from '../shared/objects.ts';

export interface ErasureWish {
  model: string;
  subject: string;
  isDryRun: boolean;
  who: string;
  now: () => Date;
  progress: Progress;
}

export interface FoundSource extends ErasureSource {
  wanted: Wanted;
  rows: number;
}

/** Finds each version of an upload, and of the rows of a retrain, that holds rows of the subject. */
export class SubjectSearch {
  readonly #tools: ErasureTools;
  readonly #wish: ErasureWish;
  readonly #definitions = new Map<string, ModelDefinition>();

  constructor(tools: ErasureTools, wish: ErasureWish) {
    this.#tools = tools;
    this.#wish = wish;
  }

  async run(): Promise<{
    found: FoundSource[];
    telling: Row[];
    unreadable: ErasureRecord['unreadable'];
    definition: ModelDefinition | undefined;
  }> {
    const { s3, bucket } = this.#tools;
    const { model, subject, progress } = this.#wish;
    const manifests = await listDatasets(s3, bucket, model);
    const newest = await this.#newestDefinition(manifests);
    const found: FoundSource[] = [];
    const unreadable: ErasureRecord['unreadable'] = [];
    const telling: Row[] = [];
    // Rows of retrains have no id of a person: they are known by the rows of the uploads.
    for (const prefix of ['incoming', 'rewritten', 'retrain']) {
      const objects = await listVersions(s3, bucket, `${prefix}/${model}/`);
      for (const { key, versionId, isMarker } of objects) {
        if (isMarker || isUploadManifest(key) || (prefix === 'retrain' && !key.endsWith('.jsonl'))) continue;
        progress({ kind: 'step', text: `looking through ${key}` });
        const made = manifests.filter(({ source }) => source.key === key && source.versionId === versionId);
        const read = made[0] ? await this.#definition(made[0].definitionDigest) : newest;
        if (!read) continue;
        const isRetrain = prefix === 'retrain';
        const definition = isRetrain ? withoutCheckedColumns(read) : read;
        const wanted: Wanted = isRetrain ? { rows: telling } : { column: subjectColumn(read), subject };
        if (isRetrain && telling.length === 0) continue;
        const source = { bucket, key, versionId };
        const searched = await eraseRows({ source, definition }, wanted, this.#tools, true);
        if ('message' in searched) {
          unreadable.push({ key, versionId, message: searched.message });
          continue;
        }
        telling.push(...(isRetrain ? [] : searched.telling));
        if (searched.lines.length > 0) {
          found.push({ source, definition, manifests: made, wanted, rows: searched.lines.length });
        }
      }
    }
    return { found, telling, unreadable, definition: newest };
  }

  async #definition(digest: string): Promise<ModelDefinition> {
    const known = this.#definitions.get(digest);
    if (known) return known;
    const { s3, bucket } = this.#tools;
    const key = definitionKey(this.#wish.model, digest);
    const { definition } = await readDocument(s3, { bucket, key }, deployedModel);
    this.#definitions.set(digest, definition);
    return definition;
  }

  /** What the newest dataset was made by; before the first dataset, any definition that a run began with. */
  async #newestDefinition(manifests: readonly DatasetManifest[]): Promise<ModelDefinition | undefined> {
    const { s3, bucket } = this.#tools;
    const { model } = this.#wish;
    if (manifests[0]) return this.#definition(manifests[0].definitionDigest);
    const [key] = await listKeys(s3, bucket, `definitions/${model}/`);
    if (key === undefined) return undefined;
    return (await readDocument(s3, { bucket, key }, deployedModel)).definition;
  }
}
