import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fingerprint-'));
  mkdirSync(join(root, 'lib', 'cli'), { recursive: true });
  writeFileSync(join(root, 'lib', 'a.ts'), 'a');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('fingerprintOf', () => {
  it('changes with a source, a context and a further folder', () => {
    const models = mkdtempSync(join(tmpdir(), 'models-'));
    const before = [fingerprintOf(root, {}), fingerprintOf(root, {}, [models])];
    expect(before[0]).toBe(before[1]);
    writeFileSync(join(models, 'model.ts'), 'x');
    writeFileSync(join(root, 'lib', 'b.ts'), 'b');
    const after = [
      fingerprintOf(root, {}),
      fingerprintOf(root, { bakeSeconds: '5' }),
      fingerprintOf(root, {}, [models]),
      before[0],
    ];
    expect(new Set(after).size).toBe(4);
    rmSync(models, { recursive: true });
  });

  it('does not change with tests, the command itself or caches', () => {
    const before = fingerprintOf(root, {});
    writeFileSync(join(root, 'lib', 'a.test.ts'), 'test');
    writeFileSync(join(root, 'lib', 'cli', 'main.ts'), 'main');
    mkdirSync(join(root, 'training', '__pycache__'), { recursive: true });
    writeFileSync(join(root, 'training', '__pycache__', 'a.pyc'), 'x');
    expect(fingerprintOf(root, {})).toBe(before);
  });

  it('tells a moved boundary between files apart', () => {
    writeFileSync(join(root, 'lib', 'b.ts'), 'bc');
    const before = fingerprintOf(root, {});
    writeFileSync(join(root, 'lib', 'a.ts'), 'ab');
    writeFileSync(join(root, 'lib', 'b.ts'), 'c');
    expect(fingerprintOf(root, {})).not.toBe(before);
  });
});
