import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { lineWriter, predictionLine, refusedVersionLine } from './capture.ts';
import { predictionRecord } from './prediction-record.ts';
import type { Answer } from './wire.ts';

function anAnswer(rows: number): Answer {
  return {
    predictionId: '01933d4e-0000-7000-8000-000000000000',
    traceId: 'trace-1',
    model: 'notes',
    version: 7,
    modelDigest: 'a'.repeat(64),
    datasetId: 'ds-1',
    variant: 'champion',
    predictions: Array.from({ length: rows }, (_, row) => ({ value: row })),
  };
}

const keepAll = (row: Record<string, string | number | boolean | null>) => row;

describe('lineWriter', () => {
  const eventOf = (capture: number, isPinned = false) => ({
    kind: 'prediction' as const,
    answer: anAnswer(2),
    batch: { count: 2, rows: [{ note: 'mine' }, { note: 'yours' }] },
    definition: defineModel({
      name: 'notes',
      task: 'regression',
      features: { note: { type: 'text' } },
      target: { name: 'length', type: 'number' },
      monitor: { capture },
      train: {},
    }),
    atMs: 0,
    latencyMs: 1,
    isPinned,
  });
  const lineOf = (event: ReturnType<typeof eventOf>) => {
    const lines: string[] = [];
    lineWriter((line) => lines.push(line))(event);
    return JSON.parse(lines[0] ?? '');
  };

  it('counts an answer that is not kept, without what was asked and answered', () => {
    const line = lineOf(eventOf(0));
    expect(line).toMatchObject({
      kind: 'uncaptured',
      Requests: 1,
      Rows: 2,
      version: '7',
      variant: 'champion',
    });
    expect(line._aws.CloudWatchMetrics).toEqual(lineOf(eventOf(1))._aws.CloudWatchMetrics);
    expect(JSON.stringify(line)).not.toContain('mine');
    expect(predictionRecord.safeParse(line).success).toBe(false);
    expect(lineOf(eventOf(1)).kind).toBe('prediction');
    expect(lineOf(eventOf(0, true))).not.toHaveProperty('_aws');
  });
});

describe('predictionLine', () => {
  it('leaves out the rows at the end that do not fit into a log event, and counts them', () => {
    const rows = Array.from({ length: 100 }, (_, row) => ({ row, text: 'ü'.repeat(5000) }));
    const line = predictionLine(
      { kind: 'prediction', answer: anAnswer(100), batch: { count: 100, rows }, atMs: 0, latencyMs: 1 },
      keepAll,
    );
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(240_000);
    const record = predictionRecord.parse(JSON.parse(line));
    expect(record.rows.length).toBeGreaterThan(20);
    expect(record.predictions).toHaveLength(record.rows.length);
    expect(record.rowsDropped).toBe(100 - record.rows.length);
    expect(record.rows[0]).toEqual(rows[0]);
    expect(JSON.parse(line)).toMatchObject({ Rows: 100 });
  });

  it('is one line whatever the rows hold', () => {
    const rows = [{ text: 'one\ntwo\u2028three' }];
    const line = predictionLine(
      { kind: 'prediction', answer: anAnswer(1), batch: { count: 1, rows }, atMs: 0, latencyMs: 1 },
      keepAll,
    );
    expect(line).not.toContain('\n');
    expect(predictionRecord.parse(JSON.parse(line)).version).toBe(7);
  });
});

describe('refusedVersionLine', () => {
  it('is a metric of the model and of the version', () => {
    const refusal = {
      kind: 'version-refused' as const,
      model: 'm',
      version: 2,
      packageDigest: 'd',
      code: 'artifact-damaged',
      message: 'no',
      atMs: 5,
    };
    expect(JSON.parse(refusedVersionLine(refusal))).toMatchObject({
      version: '2',
      LoadFailures: 1,
      _aws: { Timestamp: 5, CloudWatchMetrics: [{ Dimensions: [['model'], ['model', 'version']] }] },
    });
  });
});

describe('lineWriter', () => {
  it('tells what came into memory and what left it, without metrics', () => {
    const lines: string[] = [];
    const change = { model: 'iris', version: 3, packageDigest: 'd', memoryBytes: 600, atMs: 0 };
    const after = { loadedVersions: 1, loadedBytes: 900 };
    const write = lineWriter((line) => void lines.push(line));
    write({ kind: 'version-loaded', ...change, loadMs: 12, ...after });
    write({ kind: 'version-released', ...change, why: 'budget', ...after });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 'info', kind: 'version-loaded', version: '3', loadMs: 12 }),
      expect.objectContaining({ kind: 'version-released', why: 'budget', at: '1970-01-01T00:00:00.000Z' }),
    ]);
    expect(lines.join('')).not.toContain('_aws');
  });
});
