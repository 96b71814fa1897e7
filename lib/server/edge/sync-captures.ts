import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { maxCaptures } from '../../monitoring/edge-captures.ts';
import { countDropped, filesIn, placesOf } from './capture-places.ts';
import { type EdgeLine, edgeLine } from './edge-line.ts';
import type { Refused, SendBatch } from './send-batch.ts';

export interface SyncReport {
  /** Predictions that are on record now. */
  predictions: number;
  labels: number;
  /** Of both: those that were on record before. */
  repeated: number;
  refused: (Refused & { predictionId?: string | undefined })[];
  /** Files that hold what was refused, with the reasons. */
  refusedFiles: string[];
  /** Predictions that were given up so far for want of room. */
  dropped: number;
}

/** The API takes 2 MB. */
const batchBytes = 1024 * 1024;

interface Line {
  text: string;
  /** Undefined when it is no line of ours. */
  read: EdgeLine | undefined;
}

/**
 * Lines of a file, each once: see CaptureQueue for why one may lie there twice. A last line without an end was never on the
 * disk whole: its writer died, or is about to write it again elsewhere.
 */
function readLines(content: string): Line[] {
  const texts = new Set(content.split('\n').slice(0, -1).filter(Boolean));
  return [...texts].map((text) => {
    try {
      return { text, read: edgeLine.parse(JSON.parse(text)) };
    } catch {
      return { text, read: undefined };
    }
  });
}

/** Lines of one model and kind, as many as go into a request; predictions before labels, which are about them. */
function batchesOf(lines: Line[]): Line[][] {
  const ofKind = (kind: string) => lines.filter(({ read }) => read?.kind === kind);
  const batches: Line[][] = [];
  for (const kind of ['prediction', 'label']) {
    for (const group of Map.groupBy(ofKind(kind), ({ read }) => read?.model).values()) {
      let batch: Line[] = [];
      let bytes = 0;
      for (const line of group) {
        const size = Buffer.byteLength(line.text);
        if (batch.length === maxCaptures || (batch.length > 0 && bytes + size > batchBytes)) {
          batches.push(batch);
          batch = [];
          bytes = 0;
        }
        batch.push(line);
        bytes += size;
      }
      if (batch.length > 0) batches.push(batch);
    }
  }
  return batches;
}

const idOf = (line: EdgeLine) => (line.kind === 'prediction' ? line.capture : line.label).predictionId;

/**
 * Sends what lies in a folder of captures, file by file.
 *
 * A file is gone only when all of it was answered: what breaks off is sent again whole, and the API keeps each prediction
 * once. What is refused is put aside, and named; the rest goes on.
 *
 * @throws EvergreenError when the API does not answer, or refuses the caller; what was not answered stays.
 */
export async function syncCaptures(
  folder: string,
  send: SendBatch,
  onProgress: (text: string) => void = () => undefined,
): Promise<SyncReport> {
  const places = placesOf(folder);
  const report: SyncReport = {
    predictions: 0,
    labels: 0,
    repeated: 0,
    refused: [],
    refusedFiles: [],
    dropped: await countDropped(folder),
  };
  await mkdir(places.sending, { recursive: true, mode: 0o700 });
  for (const { name, path } of await filesIn(places.queue)) {
    await rename(path, join(places.sending, name)).catch(ignoreGone);
  }
  const files = await filesIn(places.sending);
  for (const [index, { name, path }] of files.entries()) {
    onProgress(`file ${index + 1} of ${files.length}: ${name}`);
    const content = await readFile(path, 'utf8').catch(ignoreGone);
    if (content === undefined) continue;
    const lines = readLines(content);
    const asides: string[] = [];
    const putAside = (line: Line, refusal: Refused) => {
      report.refused.push({ ...refusal, predictionId: line.read && idOf(line.read) });
      asides.push(JSON.stringify({ ...refusal, line: line.read ?? line.text }));
    };
    for (const line of lines) {
      if (line.read) continue;
      putAside(line, { code: 'file-unreadable', message: 'the line is damaged, or of another release' });
    }
    for (const batch of batchesOf(lines)) {
      const reads = batch.flatMap(({ read }) => (read ? [read] : []));
      const { accepted, repeated, refused } = await send(reads);
      report[reads[0]?.kind === 'label' ? 'labels' : 'predictions'] += accepted;
      report.repeated += repeated;
      for (const [place, refusal] of refused) {
        const line = batch[place];
        if (line) putAside(line, refusal);
      }
    }
    if (asides.length > 0) {
      await mkdir(places.refused, { recursive: true, mode: 0o700 });
      const aside = join(places.refused, name);
      const part = `${aside}.${process.pid}.part`;
      await writeFile(part, asides.map((text) => `${text}\n`).join(''), { mode: 0o600, flush: true });
      await rename(part, aside);
      report.refusedFiles.push(aside);
    }
    await rm(path, { force: true });
  }
  return report;
}

/** Another process sends or drops the same file: so it is cared for. */
function ignoreGone(thrown: NodeJS.ErrnoException): undefined {
  if (thrown.code !== 'ENOENT') throw thrown;
}
