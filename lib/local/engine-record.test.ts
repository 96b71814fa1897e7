import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeEngine, readEngineRecord, writeEngineRecord } from './engine-record.ts';

const record = {
  pid: 12,
  port: 4566,
  auth: false,
  region: 'us-east-1',
  startedAt: '2026-01-01T00:00:00.000Z',
  version: '0.1.0',
};

describe('judgeEngine', () => {
  it.each([
    [{ isRunning: true, isEngine: true, isAnswering: true }, 'running'],
    [{ isRunning: true, isEngine: true, isAnswering: false }, 'unresponsive'],
    [{ isRunning: true, isEngine: false, isAnswering: true }, 'foreign'],
    [{ isRunning: false, isEngine: false, isAnswering: true }, 'gone'],
  ])('judges %j as %s', (facts, state) => {
    expect(judgeEngine(record, facts)).toBe(state);
  });

  it('calls an engine without a record stopped', () => {
    expect(judgeEngine(undefined, { isRunning: true, isEngine: true, isAnswering: true })).toBe('stopped');
  });
});

describe('readEngineRecord', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'record-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('reads what was written', () => {
    const path = join(folder, 'deep', 'engine.json');
    writeEngineRecord(path, record);
    expect(readEngineRecord(path)).toEqual(record);
  });

  it('takes a record that was cut short for none', () => {
    const path = join(folder, 'engine.json');
    writeFileSync(path, '{"pid": 12, "po');
    expect(readEngineRecord(path)).toBeUndefined();
  });
});
