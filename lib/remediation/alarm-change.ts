import * as z from 'zod';
import { EvergreenError } from '../shared/errors.ts';

/** What an alarm of a model says is wrong. */
export const symptoms = [
  'champion-errors',
  'champion-latency',
  'candidate-errors',
  'candidate-latency',
  'drift',
  'drift-outputs',
  'drift-concept',
  'quality',
  'quality-estimated',
  'answers',
  'data-age',
  'cost',
  'staleness',
  'load-failures',
] as const;
export type Symptom = (typeof symptoms)[number];

const state = z.enum(['ALARM', 'OK', 'INSUFFICIENT_DATA']);
export type AlarmState = z.infer<typeof state>;

/** An alarm that changed its state. */
export const alarmChange = z.object({
  alarm: z.string(),
  state,
  /** ISO time in UTC to the millisecond, by the clock of CloudWatch: such texts sort by time. */
  changedAt: z.iso.datetime(),
  /** What CloudWatch says of the figures. */
  says: z.string(),
  /** Null for alarms that are not of a model: a person looks at them. */
  subject: z
    .object({
      model: z.string(),
      symptom: z.enum(symptoms),
      /** Which candidate of an A/B test, unless the first. */
      arm: z.int().optional(),
    })
    .nullable(),
});
export type AlarmChange = z.infer<typeof alarmChange>;

const byTopic = z.object({
  AlarmName: z.string(),
  NewStateValue: state,
  StateChangeTime: z.string(),
  NewStateReason: z.string().default(''),
});

const byEventBus = z.object({
  'detail-type': z.literal('CloudWatch Alarm State Change'),
  detail: z.object({
    alarmName: z.string(),
    state: z.object({ value: state, timestamp: z.string(), reason: z.string().default('') }),
  }),
});

const envelope = z.object({ Type: z.literal('Notification'), Message: z.string() });

const named = new RegExp(`^evergreen-[^-]+-([a-z][a-z0-9-]*)-(${symptoms.join('|')})$`);
const ofArm = /-candidate-(\d)-(errors|latency)$/;

function subjectOf(alarm: string): AlarmChange['subject'] {
  const match = named.exec(alarm.replace(ofArm, '-candidate-$2'));
  const symptom = symptoms.find((known) => known === match?.[2]);
  const arm = ofArm.exec(alarm)?.[1];
  return match?.[1] !== undefined && symptom
    ? { model: match[1], symptom, ...(arm !== undefined && { arm: Number(arm) }) }
    : null;
}

/** CloudWatch writes offsets as +0000, which ISO 8601 allows and the Date of ECMAScript need not read. */
function toIso(time: string): string {
  const at = new Date(time.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  if (Number.isNaN(at.getTime())) {
    throw new EvergreenError('request-invalid', `the alarm message has the time ${time}, which is none`);
  }
  return at.toISOString();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EvergreenError('request-invalid', 'the alarm message is not JSON', { cause });
  }
}

/**
 * Reads an alarm's message as it comes through a topic, with or without envelope, or through the event bus.
 *
 * @throws EvergreenError `request-invalid` when it is none.
 */
export function readAlarmChange(message: string): AlarmChange {
  const body = parse(message);
  const wrapped = envelope.safeParse(body);
  if (wrapped.success) return readAlarmChange(wrapped.data.Message);
  const event = byEventBus.safeParse(body);
  if (event.success) {
    const { alarmName, state } = event.data.detail;
    return {
      alarm: alarmName,
      state: state.value,
      changedAt: toIso(state.timestamp),
      says: state.reason,
      subject: subjectOf(alarmName),
    };
  }
  const notice = byTopic.safeParse(body);
  if (notice.success) {
    const { AlarmName, NewStateValue, StateChangeTime, NewStateReason } = notice.data;
    return {
      alarm: AlarmName,
      state: NewStateValue,
      changedAt: toIso(StateChangeTime),
      says: NewStateReason,
      subject: subjectOf(AlarmName),
    };
  }
  throw new EvergreenError('request-invalid', 'the message is no change of an alarm');
}
