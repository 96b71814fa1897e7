import { describe, expect, it } from 'vitest';
import { type ModelVersion, neverLive, toLiveVersion } from '../registry/registry.ts';
import {
  judgeRegistry,
  missingFiles,
  orphansOf,
  type RegistryFacts,
  type StoredPackage,
  strandedCandidates,
} from './registry-findings.ts';

const at = '2026-01-01T00:00:00.000Z';
const lineage = {
  runId: 'iris-1',
  datasetId: 'ds-1',
  datasetManifestKey: 'k',
  definitionDigest: 'd'.repeat(64),
  codeDigest: 'c'.repeat(64),
  trainingJobName: 'job',
  parentVersion: null,
};

function aVersion(version: number): ModelVersion {
  const digest = String(version).repeat(64).slice(0, 64);
  return {
    model: 'iris',
    version,
    packagePrefix: `packages/iris/${digest}/`,
    packageDigest: digest,
    modelDigest: digest,
    lineage,
    metrics: {},
    author: 'run',
    createdAt: at,
  };
}

function aPackage(prefix: string): StoredPackage {
  return {
    prefix,
    files: [
      { name: 'manifest.json', bytes: 9 },
      { name: 'model.onnx', bytes: 5 },
    ],
    manifest: {
      schema: 'evergreen/package/v1',
      model: 'iris',
      files: { 'model.onnx': { sha256: 'a'.repeat(64), bytes: 5 } },
      lineage,
    },
  };
}

function facts(change: Partial<RegistryFacts> = {}): RegistryFacts {
  const versions = [aVersion(1), aVersion(2)];
  return {
    model: 'iris',
    live: { ...neverLive('iris', at), champion: toLiveVersion(aVersion(2), at), revision: 3 },
    versions,
    packages: versions.map((version) => aPackage(version.packagePrefix)),
    openRuns: [],
    endedRuns: [],
    ...change,
  };
}

describe('judgeRegistry', () => {
  it('finds nothing where everything fits', () => {
    expect(judgeRegistry(facts())).toEqual([expect.objectContaining({ state: 'ok' })]);
  });

  it('names a version without its files, and how to take a champion out of traffic', () => {
    const [finding] = judgeRegistry(facts({ packages: [aPackage(aVersion(1).packagePrefix)] }));
    expect(finding).toMatchObject({
      state: 'problem',
      message: expect.stringContaining('version 2 of iris lacks manifest.json'),
    });
    expect(finding?.remedy).toContain('models rollback iris');
  });

  it('names a champion that a restored registry does not hold', () => {
    const findings = judgeRegistry(facts({ versions: [aVersion(1)] }));
    expect(findings.map(({ message }) => message)).toContainEqual(
      'the champion of iris is version 2, which the registry does not hold',
    );
  });

  it('notices when what is live is not what was registered under its number', () => {
    const live = {
      ...facts().live,
      champion: { ...toLiveVersion(aVersion(2), at), modelDigest: 'f'.repeat(64) },
    };
    expect(judgeRegistry(facts({ live }))[0]?.message).toContain('has other digests than version 2');
  });
});

describe('a candidate in traffic', () => {
  const candidate = { ...toLiveVersion(aVersion(2), at), weight: 10, runId: 'iris-9' };
  const live = { ...facts().live, champion: toLiveVersion(aVersion(1), at), candidate };

  it('that nothing judges any more is named, with how to take it out', () => {
    const stranded = facts({ live, endedRuns: ['iris-9'] });
    expect(strandedCandidates(stranded)).toEqual([candidate]);
    expect(judgeRegistry(stranded)).toEqual([
      {
        check: 'registry of iris',
        state: 'problem',
        message: 'candidate 2 of iris gets 10 % of requests, but run iris-9 has ended and nothing judges it',
        remedy: expect.stringContaining('doctor --fix'),
      },
    ]);
  });

  it('is well while its run is on, or when it came after the run that ended', () => {
    for (const endedRuns of [[], ['iris-8']]) {
      expect(strandedCandidates(facts({ live, endedRuns }))).toEqual([]);
      expect(judgeRegistry(facts({ live, endedRuns }))).toMatchObject([{ state: 'ok' }]);
    }
  });

  it('of an A/B test is looked at, whichever it is', () => {
    const other = { ...toLiveVersion(aVersion(3), at), weight: 10, runId: 'iris-10', arm: 2 };
    const stranded = facts({ live: { ...live, arms: [other] }, endedRuns: ['iris-10'] });
    expect(strandedCandidates(stranded)).toEqual([other]);
    expect(JSON.stringify(judgeRegistry(stranded))).toContain('candidate 3 of iris gets 10 %');
  });
});

describe('orphansOf', () => {
  const orphan = aPackage(`packages/iris/${'e'.repeat(64)}/`);

  it('finds packages that no version names', () => {
    const all = facts({ packages: [...facts().packages, orphan] });
    expect(orphansOf(all)).toEqual([orphan]);
    expect(judgeRegistry(all)[0]).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('--fix'),
    });
  });

  it('leaves them alone while a run may still register them', () => {
    const all = facts({ packages: [...facts().packages, orphan], openRuns: ['iris-9'] });
    expect(orphansOf(all)).toEqual([]);
    expect(judgeRegistry(all)[0]?.message).toContain('iris-9');
  });
});

describe('missingFiles', () => {
  it('counts a file of another size as missing', () => {
    const stored = aPackage('p/');
    stored.files[1] = { name: 'model.onnx', bytes: 4 };
    expect(missingFiles(stored)).toEqual(['model.onnx']);
  });
});
