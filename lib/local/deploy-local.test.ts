import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployedContexts, forgetDeployment, isDeployed, lastEvent, reasonIn } from './deploy-local.ts';
import { type Home, homeAt } from './home.ts';

let home: Home;

beforeEach(() => {
  home = homeAt({ EVERGREEN_HOME: mkdtempSync(join(tmpdir(), 'deploy-')) });
  mkdirSync(dirname(home.deployRecord), { recursive: true });
});

afterEach(() => rmSync(home.folder, { recursive: true, force: true }));

describe('isDeployed', () => {
  it('is false before the first deployment and after a half-finished one', () => {
    expect(isDeployed(home, {})).toBe(false);
    writeFileSync(home.deployRecord, JSON.stringify({ fingerprint: null, bootstrapped: true, contexts: {} }));
    expect(isDeployed(home, {})).toBe(false);
    writeFileSync(home.deployRecord, '{"finger');
    expect(isDeployed(home, {})).toBe(false);
  });
});

describe('deployedContexts', () => {
  it('remembers what was deployed with, until it is forgotten', () => {
    const contexts = { bakeSeconds: '5' };
    writeFileSync(home.deployRecord, JSON.stringify({ fingerprint: 'x', bootstrapped: true, contexts }));
    expect(deployedContexts(home)).toEqual(contexts);
    forgetDeployment(home);
    expect(deployedContexts(home)).toEqual({});
  });
});

describe('lastEvent', () => {
  it('names the resource the deployment is at', () => {
    const output =
      'Evergreen-local | 1/20 | 10:00:00 AM | CREATE_COMPLETE | AWS::S3::Bucket | Data/Bucket (DataBucket1)\n' +
      'Evergreen-local | 2/20 | 10:00:01 AM | CREATE_IN_PROGRESS | AWS::KMS::Key | Key (Key961)\nsomething else\n';
    expect(lastEvent(output)).toBe('2/20 Key');
    expect(lastEvent('nothing yet')).toBe('');
  });
});

describe('reasonIn', () => {
  it('prefers the line that speaks of an error', () => {
    expect(reasonIn(['building', 'Error: no bucket', 'at line 3'])).toBe('Error: no bucket');
    expect(reasonIn(['errors: [', 'x.ts: ERROR: y', '✘ [ERROR] Could not resolve "a"'])).toContain(
      'Could not resolve',
    );
    expect(reasonIn(['last words'])).toBe('last words');
    expect(reasonIn([])).toBe('it wrote nothing');
  });
});
