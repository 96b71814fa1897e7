import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { isEnded } from '../../intake/run.ts';
import { inspectEngine } from '../../local/engine.ts';
import { repositoryRoot } from '../../local/home.ts';
import { inspectSetUp } from '../../local/set-up.mjs';
import { candidatesOf } from '../../registry/candidates.ts';
import { packageManifest } from '../../registry/registry.ts';
import { EvergreenError, exitCode } from '../../shared/errors.ts';
import { readBytes } from '../../shared/objects.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { type Block, lines, type Outcome, table } from '../outcome.ts';
import {
  type Finding,
  judgeRegistry,
  orphansOf,
  type RegistryFacts,
  type StoredPackage,
  strandedCandidates,
} from '../registry-findings.ts';
import { modelNames } from '../stack-outputs.ts';
import { targetOf } from '../target.ts';

const keysInOneDelete = 1000;
const runsSearched = 200;

function judgeSetUp(): Finding[] {
  const { node, python } = inspectSetUp(repositoryRoot);
  const finding = (check: string, isReady: boolean, message: string, remedy: string): Finding =>
    isReady
      ? { check, state: 'ok', message: 'installed as the lock files say', remedy: null }
      : { check, state: 'warning', message, remedy };
  return [
    finding(
      'Node packages',
      node,
      'not as package-lock.json says',
      'any `npx evergreen` command installs them',
    ),
    finding(
      'Python packages',
      python,
      'not as the requirements files say',
      '`npx evergreen up` installs them',
    ),
  ];
}

async function judgeEngineState(context: Context): Promise<Finding[]> {
  if (targetOf(context.options, context.home) !== 'local') return [];
  const { state, record } = await inspectEngine(context.home);
  if (state === 'running') {
    return [{ check: 'engine', state: 'ok', message: `answers on port ${record?.port}`, remedy: null }];
  }
  const message = state === 'stopped' ? 'does not run' : `${state} (process ${record?.pid})`;
  return [{ check: 'engine', state: 'problem', message, remedy: 'start it with `npx evergreen up`' }];
}

async function readPackages({ s3, outputs }: Connection, model: string): Promise<StoredPackage[]> {
  const bucket = outputs.ModelBucket;
  const packages = new Map<string, StoredPackage>();
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: `packages/${model}/`, ContinuationToken: token }),
    );
    for (const { Key = '', Size = 0 } of page.Contents ?? []) {
      const prefix = Key.slice(0, Key.lastIndexOf('/') + 1);
      const stored = packages.get(prefix) ?? { prefix, files: [], manifest: undefined };
      stored.files.push({ name: Key.slice(prefix.length), bytes: Size });
      packages.set(prefix, stored);
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
  for (const stored of packages.values()) {
    const bytes = await readBytes(s3, { bucket, key: `${stored.prefix}manifest.json` });
    if (bytes) stored.manifest = parseManifest(bytes);
  }
  return [...packages.values()];
}

function parseManifest(bytes: Uint8Array): StoredPackage['manifest'] {
  try {
    return packageManifest.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch {
    // Damaged: reported as missing.
    return undefined;
  }
}

async function readFacts(connection: Connection, model: string): Promise<RegistryFacts> {
  const { registry, runs } = connection;
  // Runs first: one that ends in between has registered by the time the versions are read.
  const recent = await runs.list({ model, limit: runsSearched });
  const openRuns = recent.filter((run) => !isEnded(run.status)).map((run) => run.runId);
  const endedRuns: string[] = [];
  for (const { runId } of candidatesOf(await registry.readLive(model))) {
    const itsRun = await runs.find(runId);
    if (!itsRun || isEnded(itsRun.status)) endedRuns.push(runId);
  }
  const packages = await readPackages(connection, model);
  const [live, versions] = await Promise.all([registry.readLive(model), registry.listVersions(model)]);
  return { model, live, versions, packages, openRuns, endedRuns };
}

async function removePackages({ s3, outputs }: Connection, orphans: StoredPackage[]): Promise<void> {
  const keys = orphans.flatMap(({ prefix, files }) => files.map((file) => ({ Key: prefix + file.name })));
  for (let index = 0; index < keys.length; index += keysInOneDelete) {
    const answer = await s3.send(
      new DeleteObjectsCommand({
        Bucket: outputs.ModelBucket,
        Delete: { Objects: keys.slice(index, index + keysInOneDelete), Quiet: true },
      }),
    );
    const [refused] = answer.Errors ?? [];
    if (refused) {
      throw new EvergreenError(
        'access-denied',
        `object ${refused.Key} cannot be deleted: ${refused.Message}`,
      );
    }
  }
}

async function withdrawCandidates(
  { registry, who }: Connection,
  context: Context,
  facts: RegistryFacts[],
): Promise<string[]> {
  const withdrawn: string[] = [];
  for (const one of facts) {
    for (const { version, runId } of strandedCandidates(one)) {
      const why = `run ${runId} has ended, so nothing judges it`;
      const by = { who: await who(), why, at: context.now().toISOString() };
      one.live = await registry.change(one.model, { kind: 'withdraw-candidate', version }, by);
      withdrawn.push(`candidate ${version} of ${one.model}`);
    }
  }
  return withdrawn;
}

/** Looks for what does not fit together, and with `fix` removes what an interrupted run left behind. */
export async function doctor(context: Context, { fix }: { fix?: boolean | undefined }): Promise<Outcome> {
  const findings = [...judgeSetUp(), ...(await judgeEngineState(context))];
  const removed: string[] = [];
  let isDeclined = false;
  try {
    const connection = await connect(context);
    findings.push({
      check: 'stack',
      state: 'ok',
      message: `${connection.stack} is ${connection.stackStatus}`,
      remedy: null,
    });
    const facts = await Promise.all(
      modelNames(connection.outputs).map((name) => readFacts(connection, name)),
    );
    const orphans = facts.flatMap(orphansOf);
    const stranded = facts.flatMap(strandedCandidates);
    if (fix === true && orphans.length + stranded.length > 0) {
      isDeclined = !(await context.confirm(
        `Remove ${orphans.length} packages that belong to no version and ${stranded.length} candidates that nothing judges?`,
      ));
      if (!isDeclined) {
        await removePackages(connection, orphans);
        removed.push(...orphans.map(({ prefix }) => prefix));
        removed.push(...(await withdrawCandidates(connection, context, facts)));
      }
    }
    const gone = new Set(removed);
    for (const one of facts) {
      const packages = one.packages.filter(({ prefix }) => !gone.has(prefix));
      findings.push(...judgeRegistry({ ...one, packages }));
    }
  } catch (thrown) {
    if (!(thrown instanceof EvergreenError) || !['engine-unavailable', 'stack-missing'].includes(thrown.code))
      throw thrown;
    if (thrown.code === 'stack-missing') {
      findings.push({ check: 'stack', state: 'problem', message: thrown.message, remedy: 'deploy it' });
    }
  }
  const isWell = findings.every(({ state }) => state !== 'problem');
  return {
    data: { ok: isWell, findings, removed },
    view: viewOf(findings, removed, isDeclined),
    ...(isWell ? {} : { exitCode: exitCode.internal }),
  };
}

function viewOf(findings: Finding[], removed: string[], isDeclined: boolean): Block[] {
  return [
    table(
      ['check', 'state', 'what', 'remedy'],
      findings.map((finding) => [finding.check, finding.state, finding.message, finding.remedy ?? '']),
    ),
    ...(removed.length === 0 ? [] : [lines(...removed.map((prefix) => `removed ${prefix}`))]),
    ...(isDeclined ? [lines('nothing was removed')] : []),
  ];
}
