import { deployedModel } from '../model/deployed-model.ts';
import { captureCostPerMonth } from '../monitoring/capture-cost.ts';
import { CaptureStore } from '../monitoring/captures.store.ts';
import { EvergreenError } from '../shared/errors.ts';
import { readDocument } from '../shared/objects.ts';
import type { Connection } from './connection.ts';
import type { CellValue } from './outcome.ts';
import { modelNames } from './stack-outputs.ts';

export interface CaptureState {
  model: string;
  /** Share of predictions that the champion's definition keeps; null without a champion, or without its package. */
  share: number | null;
  /** Of the last 24 hours, in whole hours. */
  bytes: number;
  objects: number;
  /** USD, when every day is like this one. */
  costPerMonth: number;
}

/** What was captured in the last 24 hours, and what a month of such days costs. */
export function readCaptures(connection: Connection, now: Date): Promise<CaptureState[]> {
  return Promise.all(modelNames(connection.outputs).map((model) => readCapture(connection, model, now)));
}

async function readCapture(connection: Connection, model: string, now: Date): Promise<CaptureState> {
  const { champion } = await connection.registry.readLive(model);
  const captures = new CaptureStore(connection.s3, connection.outputs.DataBucket);
  const [share, { bytes, objects }] = await Promise.all([
    champion ? shareOf(connection, champion.packagePrefix) : null,
    captures.sizeOfDay(model, now),
  ]);
  return { model, share, bytes, objects, costPerMonth: captureCostPerMonth({ bytes, objects }) };
}

/** Null for a package that is damaged or missing: `doctor` says so, and status is asked in such times. */
async function shareOf({ s3, outputs }: Connection, packagePrefix: string): Promise<number | null> {
  const location = { bucket: outputs.ModelBucket, key: `${packagePrefix}definition.json` };
  try {
    return (await readDocument(s3, location, deployedModel)).definition.monitor.capture;
  } catch (thrown) {
    if (thrown instanceof EvergreenError && thrown.code.startsWith('artifact-')) return null;
    throw thrown;
  }
}

export const captureColumns = ['captured', 'share', 'MB in 24 h', 'about USD a month'];

export function captureRow({ model, share, bytes, costPerMonth }: CaptureState): CellValue[] {
  return [
    model,
    share === null ? null : `${Number((share * 100).toFixed(2))} %`,
    Number((bytes / 1e6).toFixed(3)),
    Number(costPerMonth.toFixed(2)),
  ];
}
