import { candidatesOf } from '../registry/candidates.ts';
import type { Candidate, Live, LiveVersion, ModelVersion, PackageManifest } from '../registry/registry.ts';

/** What doctor found, with what to do about it. */
export interface Finding {
  check: string;
  state: 'ok' | 'warning' | 'problem';
  message: string;
  remedy: string | null;
}

/** What lies below one package prefix of the model bucket. */
export interface StoredPackage {
  /** packages/<model>/<package digest>/ */
  prefix: string;
  files: { name: string; bytes: number }[];
  /** Undefined when manifest.json is missing, which is written last, or cannot be read. */
  manifest: PackageManifest | undefined;
}

export interface RegistryFacts {
  model: string;
  live: Live;
  versions: ModelVersion[];
  packages: StoredPackage[];
  /** Runs that may be about to register what lies there. */
  openRuns: string[];
  /** Runs of candidates that had ended before `live` was read: a run takes its candidate out before it ends. */
  endedRuns: string[];
}

const problem = (check: string, message: string, remedy: string): Finding => ({
  check,
  state: 'problem',
  message,
  remedy,
});

/** Files that the manifest names and that are not there, or have another size. */
export function missingFiles(stored: StoredPackage | undefined): string[] {
  if (!stored?.manifest) return ['manifest.json'];
  const sizes = new Map(stored.files.map((file) => [file.name, file.bytes]));
  return Object.entries(stored.manifest.files)
    .filter(([name, { bytes }]) => sizes.get(name) !== bytes)
    .map(([name]) => name);
}

/** Packages that no version names. While a run is on they may be its own, then none is called an orphan. */
export function orphansOf({ versions, packages, openRuns }: RegistryFacts): StoredPackage[] {
  if (openRuns.length > 0) return [];
  const known = new Set(versions.map((version) => version.packagePrefix));
  return packages.filter((stored) => !known.has(stored.prefix));
}

/** Candidates that came into traffic after their run had ended: nothing judges them. */
export function strandedCandidates({ live, endedRuns }: RegistryFacts): Candidate[] {
  return candidatesOf(live).filter(({ runId }) => endedRuns.includes(runId));
}

/** Where registry and model bucket disagree, and where the registry disagrees with itself. */
export function judgeRegistry(facts: RegistryFacts): Finding[] {
  const { model, live, versions, packages, openRuns } = facts;
  const check = `registry of ${model}`;
  const stored = new Map(packages.map((one) => [one.prefix, one]));
  const findings: Finding[] = [];
  for (const version of versions) {
    const missing = missingFiles(stored.get(version.packagePrefix));
    if (missing.length === 0) continue;
    findings.push(
      problem(
        check,
        `version ${version.version} of ${model} lacks ${missing.join(', ')} in ${version.packagePrefix}`,
        `restore the object versions in the model bucket${liveRemedy(live, version.version, model)}`,
      ),
    );
  }
  for (const [role, side] of sides(live)) findings.push(...judgeSide(facts, role, side));
  for (const { version, weight, runId } of strandedCandidates(facts)) {
    findings.push(
      problem(
        check,
        `candidate ${version} of ${model} gets ${weight} % of requests, but run ${runId} has ended and nothing judges it`,
        'take it out of traffic with `npx evergreen doctor --fix`; the next rollout does so too',
      ),
    );
  }
  for (const orphan of orphansOf(facts)) {
    findings.push({
      check,
      state: 'warning',
      message: `${orphan.prefix} belongs to no version (${orphan.files.length} files)`,
      remedy: 'remove it with `npx evergreen doctor --fix`',
    });
  }
  if (findings.length > 0) return findings;
  const busy =
    openRuns.length > 0 ? `; orphans are looked for when no run is on (${openRuns.join(', ')})` : '';
  const text = `${versions.length} versions, ${packages.length} packages, all consistent${busy}`;
  return [{ check, state: 'ok', message: text, remedy: null }];
}

function sides(live: Live): [string, LiveVersion][] {
  const all: [string, LiveVersion | null][] = [
    ['champion', live.champion],
    ...candidatesOf(live).map((side): [string, LiveVersion] => ['candidate', side]),
    ['previous champion', live.previous],
  ];
  return all.flatMap(([role, side]) => (side ? [[role, side]] : []));
}

function judgeSide({ model, versions, live }: RegistryFacts, role: string, side: LiveVersion): Finding[] {
  const check = `registry of ${model}`;
  const version = versions.find((one) => one.version === side.version);
  const remedy = `promote a version that is there: \`npx evergreen models promote ${model} <version> --why …\``;
  if (!version) {
    return [
      problem(
        check,
        `the ${role} of ${model} is version ${side.version}, which the registry does not hold`,
        remedy,
      ),
    ];
  }
  if (version.packageDigest === side.packageDigest && version.modelDigest === side.modelDigest) return [];
  return [
    problem(
      check,
      `the ${role} of ${model} has other digests than version ${side.version} (revision ${live.revision})`,
      remedy,
    ),
  ];
}

function liveRemedy(live: Live, version: number, model: string): string {
  return live.champion?.version === version
    ? `, or take it out of traffic: \`npx evergreen models rollback ${model} --why …\``
    : '';
}
