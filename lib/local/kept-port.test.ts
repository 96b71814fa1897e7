import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keptPort, moveState } from './kept-port.ts';

let state: string;
const queues = () => join(state, 'services', 'sqs.json');

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'state-'));
  mkdirSync(join(state, 'services'));
});

afterEach(() => rmSync(state, { recursive: true, force: true }));

describe('moveState', () => {
  it('rewrites the engine’s own addresses and nothing else', () => {
    moveState(state, 4566);
    writeFileSync(
      queues(),
      '["http://localhost:4566/0/a", "http://127.0.0.1:4566/0/b", "http://example.com:4566/c", "localhost:45661/", 4566]',
    );
    moveState(state, 4600);
    expect(readFileSync(queues(), 'utf8')).toBe(
      '["http://localhost:4600/0/a", "http://127.0.0.1:4600/0/b", "http://example.com:4566/c", "localhost:45661/", 4566]',
    );
    expect(keptPort(state)).toBe(4600);
  });

  it('begins with the port of the first start', () => {
    expect(keptPort(state)).toBeUndefined();
    writeFileSync(queues(), '"http://localhost:4566/0/a"');
    moveState(state, 4600);
    expect(readFileSync(queues(), 'utf8')).toContain('4566');
    expect(keptPort(state)).toBe(4600);
  });
});
