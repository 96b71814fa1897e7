import * as z from 'zod';
import { type SourceObject, sourceObject } from '../data/dataset.ts';
import { isPartOfUpload, isUploadManifest } from '../data/parts/upload-manifest.ts';
import type { DeployedModel } from '../model/deployed-model.ts';
import { formatOf } from '../model/source-format.ts';
import { isLegalTrigger } from '../model/update-mode.ts';
import { sha256 } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import { type Trigger, trigger } from './run.ts';

/** The part of an "Object Created" event of S3 that matters; keys come as they are, not URL-encoded. */
const objectCreated = z.object({
  'detail-type': z.literal('Object Created'),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({ key: z.string(), 'version-id': z.string(), sequencer: z.string().default('') }),
  }),
});

/** What remediation and schedules send to the intake queue. New code brings the rows that the champion learned from. */
export const retrainRequest = z.object({
  kind: trigger.shape.kind.exclude(['upload']),
  model: z.string(),
  reason: z.string(),
  requestId: z.string().min(1),
  source: sourceObject.optional(),
});
export type RetrainRequest = z.infer<typeof retrainRequest>;

/** Something that asks for a run. `order` sorts arrivals of one object; see {@link laterThan}. */
export interface Arrival {
  model: string;
  trigger: Trigger;
  source: SourceObject | null;
  /** What makes the run one of its kind, besides model and definition. */
  identity: string[];
  order: { of: string; sequencer: string } | null;
}

/** A model's folder and the file in it; what lies elsewhere below incoming/ has no folder or no file. */
const incoming = /^incoming\/(?:([^/]+)\/)?(.*)$/s;

/** @throws EvergreenError `request-invalid` when the message is none that intake knows. */
export function readArrival(message: string): Arrival {
  let body: unknown;
  try {
    body = JSON.parse(message);
  } catch (cause) {
    throw new EvergreenError('request-invalid', 'the intake message is not JSON', { cause });
  }
  const event = objectCreated.safeParse(body);
  if (event.success) return uploadArrival(event.data);
  const request = retrainRequest.safeParse(body);
  if (!request.success) {
    throw new EvergreenError(
      'request-invalid',
      'the intake message is neither an "Object Created" event nor a retrain request',
    );
  }
  return retrainArrival(request.data);
}

function retrainArrival({ kind, model, reason, requestId, source }: RetrainRequest): Arrival {
  return {
    model,
    trigger: { kind, reason },
    source: source ?? null,
    identity: [kind, requestId],
    order: null,
  };
}

function uploadArrival({ detail }: z.infer<typeof objectCreated>): Arrival {
  const { key, sequencer } = detail.object;
  const match = incoming.exec(key);
  if (!match) {
    throw new EvergreenError('request-invalid', `object ${key} does not lie below incoming/`);
  }
  const [, model = '', file = ''] = match;
  const versionId = detail.object['version-id'];
  return {
    model,
    trigger: { kind: 'upload', reason: file },
    source: { bucket: detail.bucket.name, key, versionId },
    identity: ['upload', key, versionId],
    order: { of: `${detail.bucket.name}/${key}`, sequencer },
  };
}

/** Whether it asks for no run: a file of an upload of many, for which the manifest beside it asks. */
export function asksForNothing({ trigger: { kind }, source }: Arrival): boolean {
  return kind === 'upload' && source !== null && isPartOfUpload(source.key);
}

/**
 * The run of an arrival, and the name of its execution: the same arrival under the same definition is the same run.
 * An unknown model has no definition; its refusal has an id too.
 */
export function runIdOf(arrival: Arrival, definitionDigest: string | null): string {
  const hash = sha256(JSON.stringify([arrival.model, ...arrival.identity, definitionDigest])).slice(0, 16);
  const name = arrival.model.replace(/[^a-z0-9-]/g, '-').slice(0, 40);
  return `${name === '' ? 'no-model' : name}-${hash}`;
}

/** The run that a request will be, known before it is sent. */
export function runIdOfRequest(request: RetrainRequest, definitionDigest: string | null): string {
  return runIdOf(retrainArrival(request), definitionDigest);
}

/**
 * Whether S3 made one version of a key after the other.
 *
 * Source: Amazon S3 User Guide, "Event message structure": pad the shorter sequencer with zeros on the right, then compare.
 */
export function laterThan(sequencer: string, other: string): boolean {
  const length = Math.max(sequencer.length, other.length);
  return sequencer.padEnd(length, '0').toUpperCase() > other.padEnd(length, '0').toUpperCase();
}

/** Why an arrival can never become a run; undefined when it can. */
export function refusalOf(arrival: Arrival, models: ReadonlyMap<string, DeployedModel>): string | undefined {
  const { model, source, trigger } = arrival;
  const { kind } = trigger;
  if (source && kind === 'upload' && (model === '' || trigger.reason === '')) {
    return `${source.key} is not a file in a model's folder; upload files as incoming/<model>/<file>`;
  }
  const deployed = models.get(model);
  if (!deployed) {
    const known = models.size === 0 ? 'none yet' : [...models.keys()].join(', ');
    return `no model is named ${model}; deployed are: ${known}`;
  }
  if (kind !== 'upload') {
    const { retrain } = deployed.definition;
    if (isLegalTrigger(retrain, kind)) return undefined;
    return `${model} is updated ${retrain.update}, so no ${kind} trains it; upload a file of rows`;
  }
  if (!source) return undefined;
  // What its files are is seen when they are read.
  if (isUploadManifest(source.key)) return undefined;
  const format = formatOf(source.key)?.format;
  const allowed = deployed.definition.data.formats;
  if (format && allowed.includes(format)) return undefined;
  return `${trigger.reason} is not in a format that ${model} takes; upload one of: ${allowed.join(', ')}`;
}
