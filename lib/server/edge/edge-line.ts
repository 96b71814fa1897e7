import * as z from 'zod';
import { compileRedaction, recordText } from '../../inference/capture.ts';
import type { Answered } from '../../inference/serving-event.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import { edgeCapture } from '../../monitoring/edge-captures.ts';
import { labelValue } from '../../monitoring/label.ts';

/** A label as the API takes it. */
const edgeLabel = z.strictObject({ predictionId: z.string(), row: z.int().min(0), label: labelValue });

/** A line of a file of captures. */
export const edgeLine = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('prediction'), model: z.string(), capture: edgeCapture }),
  z.strictObject({ kind: z.literal('label'), model: z.string(), label: edgeLabel }),
]);
export type EdgeLine = z.infer<typeof edgeLine>;

export const labelLine = (model: string, label: z.infer<typeof edgeLabel>): string =>
  JSON.stringify({ kind: 'label', model, label } satisfies EdgeLine);

const redactions = new WeakMap<ModelDefinition, ReturnType<typeof compileRedaction>>();

/** The line of an answer, without personal data. */
export function predictionLine(event: Answered, packageDigest: string): string {
  const { answer, definition, atMs, latencyMs } = event;
  const { predictionId, traceId, model, version, predictions } = answer;
  const redact = redactions.get(definition) ?? compileRedaction(definition);
  redactions.set(definition, redact);
  const at = new Date(atMs).toISOString();
  const facts = { predictionId, traceId, version, packageDigest, at, latencyMs };
  const capture = recordText(facts, event.batch.rows.map(redact), predictions);
  return `{"kind":"prediction","model":${JSON.stringify(model)},"capture":${capture}}`;
}
