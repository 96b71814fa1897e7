import * as z from 'zod';
import { isCaptured } from '../inference/capture-share.ts';
import { pointerStep, requestInvalid } from '../inference/rows.ts';
import type { Target } from '../model/features.ts';
import type { ErrorCode } from '../shared/error-codes.ts';
import { EvergreenError } from '../shared/errors.ts';
import { uuidV7TimeMs } from '../shared/ids.ts';
import type { Receipt } from './capture.ts';
import { type GivenLabel, type GivenThumb, type LabelEffect, labelId, labelValue } from './label.ts';

const entry = z
  .strictObject({
    predictionId: z.string().min(1).max(100),
    row: z.int().min(0).max(100_000).default(0),
    label: labelValue.optional(),
    /** Whether a person was content with the answer; with a label, or without one. */
    thumb: z.enum(['up', 'down']).optional(),
  })
  .refine(({ label, thumb }) => label !== undefined || thumb !== undefined, {
    path: ['label'],
    message: 'give a label, a thumb, or both',
  });

/** What turned out to be true of one row of a prediction, as an application says it. */
export type FeedbackEntry = z.infer<typeof entry>;

const feedbackList = z.strictObject({ feedback: z.array(entry).min(1).max(1000) });

/** What callers send. */
export const feedbackBody = z.union([entry, feedbackList]);

export interface Feedback {
  entries: FeedbackEntry[];
  /** Whether the body was a list: pointers then begin with /feedback/<index>. */
  isList: boolean;
}

/** Capture lags behind the reply, so a young prediction that is not on record yet may still be labelled. */
const captureLagMs = 10 * 60_000;

/**
 * One label, or a list of at most 1000.
 *
 * @throws EvergreenError `request-invalid` with a JSON pointer for each wrong place.
 */
export function readFeedback(body: unknown): Feedback {
  const isList = typeof body === 'object' && body !== null && 'feedback' in body;
  const parsed = isList ? feedbackList.safeParse(body) : entry.safeParse(body);
  if (!parsed.success) {
    throw requestInvalid(
      parsed.error.issues.map(({ path, message }) => ({
        pointer: path.map((step) => `/${pointerStep(String(step))}`).join(''),
        message: `does not fit: ${message}`,
      })),
    );
  }
  return 'feedback' in parsed.data
    ? { entries: parsed.data.feedback, isList }
    : { entries: [parsed.data], isList };
}

export interface Refusal {
  index: number;
  code: Extract<ErrorCode, 'prediction-unknown' | 'prediction-not-captured' | 'request-invalid'>;
  pointer: string;
  message: string;
}

/** A model as far as its labels are concerned. */
export interface LabelledModel {
  name: string;
  target: Target;
  /** Share of predictions that are kept. */
  capture: number;
}

export const notCaptured = (predictionId: string, { name, capture }: Omit<LabelledModel, 'target'>): string =>
  `prediction ${predictionId} was not captured: ${name} keeps ${Number((capture * 100).toFixed(4))} % of its predictions`;

function misfitOf(label: FeedbackEntry['label'], target: Target): string | undefined {
  if (label === undefined) return undefined;
  if (target.type === 'number') {
    return typeof label === 'number' ? undefined : 'the model predicts a number; give one as label';
  }
  if (typeof label !== 'string') return 'the model predicts a category; give its name as label';
  if (target.categories.includes(label)) return undefined;
  return `${label} is none of the categories ${target.categories.join(', ')}`;
}

function refusalOf(
  { predictionId, row, label }: FeedbackEntry,
  model: LabelledModel,
  receipt: Receipt | undefined,
  now: Date,
): Omit<Refusal, 'index'> | undefined {
  const misfit = misfitOf(label, model.target);
  if (misfit !== undefined) return { code: 'request-invalid', pointer: '/label', message: misfit };
  if (!receipt && !isCaptured(predictionId, model.capture)) {
    const message = notCaptured(predictionId, model);
    return { code: 'prediction-not-captured', pointer: '/predictionId', message };
  }
  const madeAt = uuidV7TimeMs(predictionId);
  const isYoung = madeAt !== undefined && Math.abs(now.getTime() - madeAt) <= captureLagMs;
  if (receipt ? receipt.model !== model.name : !isYoung) {
    const message = `no prediction ${predictionId} of ${model.name} is on record`;
    return { code: 'prediction-unknown', pointer: '/predictionId', message };
  }
  if (receipt && row >= receipt.rowCount) {
    const message = `the prediction has ${receipt.rowCount} rows; rows count from 0`;
    return { code: 'request-invalid', pointer: '/row', message };
  }
  return undefined;
}

/** Which entries of a request are taken, each row once (the last of a request counts), and why the others are not. */
export function sortFeedback(
  { entries, isList }: Feedback,
  model: LabelledModel,
  receipts: ReadonlyMap<string, Receipt>,
  now: Date,
): { labels: GivenLabel[]; thumbs: GivenThumb[]; accepted: number; refused: Refusal[] } {
  const refused: Refusal[] = [];
  const labels = new Map<string, GivenLabel>();
  const thumbs = new Map<string, GivenThumb>();
  const at = now.toISOString();
  let accepted = 0;
  for (const [index, given] of entries.entries()) {
    const refusal = refusalOf(given, model, receipts.get(given.predictionId), now);
    if (refusal) {
      const pointer = isList ? `/feedback/${index}${refusal.pointer}` : refusal.pointer;
      refused.push({ index, ...refusal, pointer });
      continue;
    }
    accepted += 1;
    const { predictionId, row, label, thumb } = given;
    const about = { predictionId, row, model: model.name };
    if (label !== undefined) labels.set(labelId(given), { ...about, label, labelledAt: at });
    if (thumb !== undefined) thumbs.set(labelId(given), { ...about, thumb, givenAt: at });
  }
  return { labels: [...labels.values()], thumbs: [...thumbs.values()], accepted, refused };
}

/** The reply to feedback of which at least one entry was taken. */
export interface FeedbackReply {
  accepted: number;
  /** Of the accepted: those that took the place of a different label. */
  corrected: number;
  /** Of the accepted: those that were known already. */
  repeated: number;
  refused: Refusal[];
}

/**
 * @throws EvergreenError with the code of the first refusal when no entry was taken.
 */
export function replyOf(accepted: number, effects: LabelEffect[], refused: Refusal[]): FeedbackReply {
  const [first] = refused;
  if (accepted === 0 && first) {
    const errors = refused.map(({ pointer, message }) => ({ pointer, message }));
    throw new EvergreenError(first.code, first.message, { details: { errors } });
  }
  const count = (effect: LabelEffect) => effects.filter((found) => found === effect).length;
  return { accepted, corrected: count('corrected'), repeated: count('repeated'), refused };
}
