import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { metricMembers } from '../shared/embedded-metrics.ts';
import { isCaptured } from './capture-share.ts';
import type { Answered, Failed, MemoryChanged, Refused, Rejected, ServingEvent } from './serving-event.ts';

/** Takes one log line, without its end. */
export type WriteLine = (line: string) => void;

/** CloudWatch Logs cuts events off at 256 KB. */
const maxLineBytes = 240_000;

const variantSets = [
  ['model', 'variant'],
  ['model', 'version'],
];

/** A function that leaves out what may point at a person. */
export function compileRedaction(definition: ModelDefinition): (row: Row) => Row {
  const hidden = Object.entries(definition.features).flatMap(([name, { personalData }]) =>
    personalData === 'none' ? [] : [name],
  );
  if (hidden.length === 0) return (row) => row;
  return (row) => Object.fromEntries(Object.entries(row).filter(([name]) => !hidden.includes(name)));
}

/** How many values from the start fit into a number of bytes as JSON. */
function countFitting(rows: readonly Row[], predictions: readonly unknown[], bytes: number): number {
  let left = bytes;
  for (const [index, row] of rows.entries()) {
    left -=
      Buffer.byteLength(JSON.stringify(row)) + Buffer.byteLength(JSON.stringify(predictions[index])) + 2;
    if (left < 0) return index;
  }
  return rows.length;
}

/** A record as JSON; rows at the end for which there is no room in a line are left out and counted. */
export function recordText(facts: object, rows: readonly Row[], predictions: readonly unknown[]): string {
  const line = JSON.stringify({ ...facts, rows, predictions });
  if (Buffer.byteLength(line) <= maxLineBytes) return line;
  const room = maxLineBytes - Buffer.byteLength(JSON.stringify(facts)) - 100;
  const kept = countFitting(rows, predictions, room);
  return JSON.stringify({
    ...facts,
    rows: rows.slice(0, kept),
    predictions: predictions.slice(0, kept),
    rowsDropped: rows.length - kept,
  });
}

function answeredMetrics({ batch, atMs, latencyMs, isPinned = false }: Omit<Answered, 'definition'>) {
  if (isPinned) return {};
  return metricMembers(new Date(atMs), variantSets, {
    Requests: { unit: 'Count', value: 1 },
    Errors: { unit: 'Count', value: 0 },
    Rows: { unit: 'Count', value: batch.count },
    LatencyMs: { unit: 'Milliseconds', value: latencyMs },
  });
}

/** The metrics of an answered request that is not kept. */
export function uncapturedLine(event: Omit<Answered, 'definition'>): string {
  const { predictionId, model, version, variant } = event.answer;
  return JSON.stringify({
    ...answeredMetrics(event),
    kind: 'uncaptured',
    predictionId,
    model,
    version: String(version),
    variant,
  });
}

/** The log line of an answered request: a prediction record and its metrics in one. */
export function predictionLine(event: Omit<Answered, 'definition'>, redact: (row: Row) => Row): string {
  const { answer, batch, atMs, latencyMs, caller, isPinned = false } = event;
  const { predictions } = answer;
  const rows = batch.rows.map(redact);
  const facts = {
    ...answeredMetrics(event),
    kind: 'prediction',
    predictionId: answer.predictionId,
    traceId: answer.traceId,
    model: answer.model,
    version: String(answer.version),
    modelDigest: answer.modelDigest,
    datasetId: answer.datasetId,
    variant: answer.variant,
    at: new Date(atMs).toISOString(),
    latencyMs,
    ...(isPinned && { isPinned }),
    ...(caller !== undefined && { caller }),
  };
  return recordText(facts, rows, predictions);
}

function failureLine({ version, atMs, isPinned = false, ...facts }: Failed): string {
  return JSON.stringify({
    ...(!isPinned && metricMembers(new Date(atMs), variantSets, { Errors: { unit: 'Count', value: 1 } })),
    level: 'error',
    ...facts,
    version: String(version),
    at: new Date(atMs).toISOString(),
  });
}

function rejectionLine({ atMs, ...facts }: Rejected): string {
  return JSON.stringify({
    ...metricMembers(new Date(atMs), [['model']], { Rejected: { unit: 'Count', value: 1 } }),
    level: 'warn',
    ...facts,
  });
}

export function refusedVersionLine({ version, atMs, ...facts }: Refused): string {
  return JSON.stringify({
    ...metricMembers(new Date(atMs), [['model'], ['model', 'version']], {
      LoadFailures: { unit: 'Count', value: 1 },
    }),
    level: 'error',
    ...facts,
    version: String(version),
  });
}

/** No metrics: CloudWatch bills each model's own, and a Logs Insights query counts these lines. */
function memoryLine({ version, atMs, ...facts }: MemoryChanged): string {
  const line = { level: 'info', ...facts, version: String(version), at: new Date(atMs).toISOString() };
  return JSON.stringify(line);
}

/** Writes each event as one line of the log, which carries captures and metrics on. */
export function lineWriter(write: WriteLine): (event: ServingEvent) => void {
  const redactions = new WeakMap<ModelDefinition, (row: Row) => Row>();
  function redactionOf(definition: ModelDefinition): (row: Row) => Row {
    const known = redactions.get(definition);
    if (known) return known;
    const redact = compileRedaction(definition);
    redactions.set(definition, redact);
    return redact;
  }
  function lineOf(event: ServingEvent): string {
    switch (event.kind) {
      case 'prediction':
        return isCaptured(event.answer.predictionId, event.definition.monitor.capture)
          ? predictionLine(event, redactionOf(event.definition))
          : uncapturedLine(event);
      case 'model-error':
        return failureLine(event);
      case 'rejected-request':
        return rejectionLine(event);
      case 'version-refused':
        return refusedVersionLine(event);
      case 'registry-unreadable':
        return JSON.stringify({ level: 'warn', ...event });
      case 'request-failed':
        return JSON.stringify({ level: 'error', ...event });
      case 'version-loaded':
      case 'version-released':
        return memoryLine(event);
    }
  }
  return (event) => write(lineOf(event));
}
