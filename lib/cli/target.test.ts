import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Home, homeAt } from '../local/home.ts';
import { stageOf, targetOf } from './target.ts';

let home: Home;

beforeEach(() => {
  home = homeAt({ EVERGREEN_HOME: mkdtempSync(join(tmpdir(), 'target-')) });
});

afterEach(() => rmSync(home.folder, { recursive: true, force: true }));

describe('targetOf', () => {
  it('is the engine once there was one, unless asked otherwise', () => {
    expect(targetOf({}, home)).toBe('aws');
    mkdirSync(home.state);
    expect(targetOf({}, home)).toBe('local');
    expect(targetOf({ target: 'aws' }, home)).toBe('aws');
  });
});

describe('stageOf', () => {
  it('is named after the target, or as asked', () => {
    expect(stageOf({}, 'local')).toBe('local');
    expect(stageOf({ stage: 'prod2' }, 'aws')).toBe('prod2');
  });

  it.each(['prod-eu', 'a/b', '2nd', '', 'a'.repeat(21)])('refuses %j and says what it may be', (stage) => {
    expect(() => stageOf({ stage }, 'aws')).toThrow(
      `stage ${stage} is no name; use 1 to 20 lower-case letters and digits, a letter first`,
    );
  });
});
