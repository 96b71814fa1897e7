import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EvergreenError } from '../../shared/errors.ts';
import { uuidV7 } from '../../shared/ids.ts';
import { placesOf } from './capture-places.ts';
import { CaptureQueue } from './capture-queue.ts';
import { type EdgeLine, labelLine } from './edge-line.ts';
import type { SendBatch } from './send-batch.ts';
import { syncCaptures } from './sync-captures.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sync-'));
  for (const place of ['queue', 'sending']) mkdirSync(join(folder, place));
});
afterEach(() => rmSync(folder, { recursive: true }));

function aPrediction(model = 'iris', text = 'a'): { id: string; line: string } {
  const predictionId = uuidV7();
  const line: EdgeLine = {
    kind: 'prediction',
    model,
    capture: {
      predictionId,
      traceId: 't',
      version: 1,
      packageDigest: 'a'.repeat(64),
      at: '2026-11-23T12:00:00.000Z',
      latencyMs: 1,
      rows: [{ text }],
      predictions: [{ label: 'rose' }],
    },
  };
  return { id: predictionId, line: JSON.stringify(line) };
}

const write = (place: 'queue' | 'sending', name: string, lines: string[], end = '\n') =>
  writeFileSync(join(folder, place, name), lines.join('\n') + end);

const idOf = (line: EdgeLine) => (line.kind === 'prediction' ? line.capture : line.label).predictionId;

/** An API that stores each id once, and what it was sent. */
function anApi({ refuses = [], failsAt = -1 }: { refuses?: string[]; failsAt?: number } = {}) {
  const stored = new Set<string>();
  const batches: EdgeLine[][] = [];
  const send: SendBatch = async (lines) => {
    if (batches.length === failsAt) throw new EvergreenError('service-unavailable', 'down');
    batches.push(lines);
    const answer = { accepted: 0, repeated: 0, refused: new Map() };
    for (const [place, line] of lines.entries()) {
      const id = `${line.kind} ${idOf(line)}`;
      if (refuses.includes(idOf(line))) answer.refused.set(place, { code: 'request-invalid', message: 'no' });
      else answer.accepted += 1;
      if (stored.has(id)) answer.repeated += 1;
      stored.add(id);
    }
    return answer;
  };
  return { send, batches, stored };
}

const left = () => ['queue', 'sending'].flatMap((place) => readdirSync(join(folder, place)));

describe('syncCaptures', () => {
  it('sends what lies there, models apart and predictions before their labels, and clears it away', async () => {
    const [a, b, c] = [aPrediction(), aPrediction('wine'), aPrediction()];
    const label = labelLine('iris', { predictionId: a.id, row: 0, label: 'rose' });
    write('queue', '2.jsonl', [label, a.line, b.line]);
    write('sending', '1.jsonl', [c.line]);
    const { send, batches } = anApi();
    expect(await syncCaptures(folder, send)).toEqual({
      predictions: 3,
      labels: 1,
      repeated: 0,
      refused: [],
      refusedFiles: [],
      dropped: 0,
    });
    expect(batches.map((lines) => lines.map((line) => [line.model, line.kind, idOf(line)]))).toEqual([
      [['iris', 'prediction', c.id]],
      [['iris', 'prediction', a.id]],
      [['wine', 'prediction', b.id]],
      [['iris', 'label', a.id]],
    ]);
    expect(left()).toEqual([]);
    expect(await syncCaptures(folder, send)).toMatchObject({ predictions: 0, labels: 0 });
  });

  it('does nothing where nothing was kept', async () => {
    rmSync(join(folder, 'queue'), { recursive: true });
    const { send } = anApi();
    expect(await syncCaptures(folder, send)).toMatchObject({ predictions: 0, refused: [] });
  });

  it('keeps a file until all of it was answered, and sends it again whole', async () => {
    const all = Array.from({ length: 501 }, () => aPrediction());
    const lines = all.map(({ line }) => line);
    write('queue', '1.jsonl', lines);
    const api = anApi({ failsAt: 1 });
    await expect(syncCaptures(folder, api.send)).rejects.toMatchObject({ code: 'service-unavailable' });
    expect(left()).toEqual(['1.jsonl']);
    expect(api.stored.size).toBe(500);
    const again = anApi();
    for (const id of api.stored) again.stored.add(id);
    expect(await syncCaptures(folder, again.send)).toMatchObject({ predictions: 501, repeated: 500 });
    expect(left()).toEqual([]);
    expect(again.batches.map(({ length }) => length)).toEqual([500, 1]);
  });

  it('sends at most about a megabyte at once', async () => {
    const lines = Array.from({ length: 5 }, () => aPrediction('iris', 'x'.repeat(400_000)).line);
    write('queue', '1.jsonl', lines);
    const { send, batches } = anApi();
    await syncCaptures(folder, send);
    expect(batches.map(({ length }) => length)).toEqual([2, 2, 1]);
  });

  it('puts aside what is refused, with the reason, and goes on', async () => {
    const [good, bad] = [aPrediction(), aPrediction()];
    write('queue', '1.jsonl', [bad.line, good.line]);
    const { send } = anApi({ refuses: [bad.id] });
    const report = await syncCaptures(folder, send);
    const aside = join(placesOf(folder).refused, '1.jsonl');
    const refusal = { code: 'request-invalid', message: 'no' };
    expect(report).toMatchObject({
      predictions: 1,
      refused: [{ ...refusal, predictionId: bad.id }],
      refusedFiles: [aside],
    });
    expect(JSON.parse(readFileSync(aside, 'utf8'))).toEqual({ ...refusal, line: JSON.parse(bad.line) });
    expect(left()).toEqual([]);
  });

  it('sends a line once that was written twice, and puts aside one that is damaged', async () => {
    const { line } = aPrediction();
    write('queue', '1.jsonl', [line, line, line.slice(0, 40)]);
    const { send, batches } = anApi();
    const report = await syncCaptures(folder, send);
    expect(batches.map(({ length }) => length)).toEqual([1]);
    expect(report.refused).toEqual([expect.objectContaining({ code: 'file-unreadable' })]);
    expect(existsSync(report.refusedFiles[0] ?? '')).toBe(true);
  });

  it('passes over a last line that never was on the disk whole', async () => {
    const { line } = aPrediction();
    write('queue', '1.jsonl', [line, line.slice(0, 40)], '');
    expect(await syncCaptures(folder, anApi().send)).toMatchObject({ predictions: 1, refused: [] });
  });

  it('loses nothing of a runner that goes on writing', async () => {
    const queue = new CaptureQueue({ folder, limitBytes: 100_000_000, flushMs: 1 });
    const { send, stored } = anApi();
    const ids: string[] = [];
    let isOver = false;
    const writing = (async () => {
      for (let round = 0; round < 200; round += 1) {
        for (let each = 0; each < 10; each += 1) {
          const { id, line } = aPrediction();
          ids.push(id);
          queue.add(line);
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      isOver = true;
    })();
    let refused = 0;
    while (!isOver) refused += (await syncCaptures(folder, send)).refused.length;
    await writing;
    await queue.close();
    refused += (await syncCaptures(folder, send)).refused.length;
    expect([...stored].toSorted()).toEqual(ids.map((id) => `prediction ${id}`).toSorted());
    expect(refused).toBe(0);
    expect(left()).toEqual([]);
  });

  it('tells what was given up for want of room', async () => {
    writeFileSync(placesOf(folder).dropped, '{"at":"x","records":3}\n{"at":"y","records":4}\n');
    expect((await syncCaptures(folder, anApi().send)).dropped).toBe(7);
  });
});
