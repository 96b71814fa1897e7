import { writeFileSync } from 'node:fs';
import { type Column, columnsOf } from '../../data/columns.ts';
import type { CountedFile } from '../../data/count-file.duckdb.ts';
import { countLocalFile } from '../../data/count-local-file.duckdb.ts';
import type { DatasetProfile } from '../../data/dataset.ts';
import { profileKind } from '../../data/profile.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import { type CountedSide, judgeFiles } from '../../monitoring/file-drift.ts';
import { EvergreenError, exitCode } from '../../shared/errors.ts';
import type { Context } from '../context.ts';
import { fileDriftView } from '../file-drift-view.ts';
import { lines, type Outcome } from '../outcome.ts';
import { readDefinition } from '../read-definition.ts';
import { readProfile } from '../read-profile.ts';

export interface DriftFilesOptions {
  reference?: string | undefined;
  current?: string | undefined;
  models?: string | undefined;
  /** Where the counts of the reference go, to compare with again. */
  saveProfile?: string | undefined;
}

/** Compares a file with another, or with a stored profile, as live traffic is compared with training rows. */
export async function driftFiles(
  context: Context,
  model: string,
  { reference, current, models, saveProfile }: DriftFilesOptions,
): Promise<Outcome> {
  if (reference === undefined || current === undefined) {
    const missing = reference === undefined ? '--reference' : '--current';
    throw new EvergreenError('usage-invalid', `${missing} is missing; files are compared by twos`);
  }
  const definition = await readDefinition(model, models);
  const columns = columnsOf(definition);
  const features = columns.filter(({ role }) => role === 'feature');
  const isProfile = reference.toLowerCase().endsWith('.json');
  if (isProfile && saveProfile !== undefined) {
    const message = `${reference} is a profile already; --save-profile is for a reference of rows`;
    throw new EvergreenError('usage-invalid', message);
  }
  const tell = (file: string) => showShare(context, file);
  const base = isProfile
    ? sideOfProfile(reference, fittingProfile(reference, definition, features))
    : sideOfRows(
        reference,
        await countLocalFile(
          reference,
          saveProfile === undefined ? features : [...features, ...targetOf(columns)],
          { onProgress: tell(reference) },
        ),
      );
  if (saveProfile !== undefined) {
    writeFileSync(saveProfile, `${JSON.stringify(profileOf(definition, base))}\n`);
  }
  const { [definition.target.name]: _, ...frozen } = base.profiles;
  const counted = await countLocalFile(current, features, { frozen, onProgress: tell(current) });
  const report = judgeFiles(
    definition,
    { ...base, profiles: frozen },
    sideOfRows(current, counted),
    context.now(),
  );
  const isDrifted = report.verdict === 'drifted';
  return {
    data: report,
    view: [
      ...fileDriftView(report),
      lines(
        saveProfile !== undefined
          ? `next time without the rows: \`npx evergreen drift ${model} --reference ${saveProfile} --current ${current}\``
          : isDrifted
            ? `if these rows are right, train on them: \`npx evergreen upload ${model} <file with labels>\``
            : 'nothing needs to be done',
      ),
    ],
    exitCode: isDrifted ? exitCode['not-allowed'] : 0,
  };
}

/** A reference may come without its labels. */
const targetOf = (columns: readonly Column[]): Column[] =>
  columns.filter(({ role }) => role === 'target').map((column) => ({ ...column, mayBeAbsent: true }));

const sideOfRows = (file: string, counted: CountedFile): CountedSide => ({ file, kind: 'rows', ...counted });

const sideOfProfile = (file: string, { rows, features }: DatasetProfile): CountedSide => ({
  file,
  kind: 'profile',
  rows,
  broken: 0,
  unreadable: {},
  profiles: features,
});

/** A profile is of this model, and of its features as they are defined now. */
function fittingProfile(path: string, { name }: ModelDefinition, columns: readonly Column[]): DatasetProfile {
  const profile = readProfile(path, name);
  const refuse = (why: string): never => {
    throw new EvergreenError('file-unreadable', `${path} does not fit ${name}: ${why}; make it anew`);
  };
  if (profile.model !== name) refuse(`it is a profile of ${profile.model}`);
  for (const column of columns) {
    const known = profile.features[column.name];
    if (!known) refuse(`it has no feature ${column.name}`);
    else if (known.type !== profileKind(column)) {
      refuse(`feature ${column.name} is ${known.type} in it and ${profileKind(column)} now`);
    }
  }
  return profile;
}

function profileOf({ name, target }: ModelDefinition, { rows, profiles }: CountedSide): DatasetProfile {
  const { [target.name]: ofTarget, ...features } = profiles;
  if (!ofTarget) throw new EvergreenError('internal', `the target ${target.name} was not counted`);
  return {
    schema: 'evergreen/profile/v1',
    model: name,
    datasetId: 'none: counted on this machine',
    rows,
    features,
    target: ofTarget,
  };
}

const width = 20;

function showShare({ progress }: Context, file: string): (share: number) => void {
  return (share) => {
    const done = Math.min(1, share);
    const bar = '█'.repeat(Math.round(done * width)).padEnd(width, '░');
    progress({ kind: 'step', text: `${bar} ${Math.round(done * 100)}% counting ${file}` });
  };
}
