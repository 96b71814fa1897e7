import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DatasetReport } from '../../data/dataset.ts';
import type { ExaminationStep } from '../../data/examination.ts';
import { checkLocalFile, checkLocalParts, type LocalCheck } from '../../data/local-check.duckdb.ts';
import { partLimits } from '../../data/parts/parts.ts';
import type { MadeReport } from '../../data/report/make-report.ts';
import type { Progress } from '../../local/progress.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import { EvergreenError, exitCode } from '../../shared/errors.ts';
import type { Context } from '../context.ts';
import { type Block, fields, lines, type Outcome, table } from '../outcome.ts';
import { readDefinition } from '../read-definition.ts';
import { readProfile } from '../read-profile.ts';
import { type NamedFiles, namedFiles, partsOf } from './upload-parts.ts';

export interface DataCheckOptions {
  models?: string | undefined;
  out?: string | undefined;
  against?: string | undefined;
}

/** As lambdas/validate-data has them. */
const gate = { maxSourceBytes: 2 * 1024 ** 3, memoryLimit: '1GB' };

/** Checks a file, or several that would be one upload, as the deployed gate would, and writes the report. */
export async function dataCheck(
  context: Context,
  model: string,
  paths: readonly string[],
  options: DataCheckOptions,
): Promise<Outcome> {
  const definition = await readDefinition(model, options.models);
  const named = namedFiles(paths);
  const missing = named.manifest ? undefined : named.files.find((file) => !existsSync(file));
  if (missing !== undefined)
    throw new EvergreenError('file-unreadable', `${missing} is not there; name the file to check`);
  const { report, files } = await checked(context, definition, named, {
    ...gate,
    earlier: options.against === undefined ? null : readProfile(options.against, model),
    now: context.now,
  });
  const folder = options.out ?? `${model}-data-report`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'report.json'), files.report);
  writeFileSync(join(folder, 'report.html'), files.page);
  if (files.quarantine !== null) writeFileSync(join(folder, 'quarantine.jsonl'), files.quarantine);
  const isAccepted = report.verdict === 'accepted';
  const next = isAccepted
    ? `upload ${paths.length > 1 ? 'them' : 'it'}: npx evergreen upload ${model} ${paths.join(' ')}`
    : `correct what is named above, then check again; the page shows lines: ${join(folder, 'report.html')}`;
  return {
    data: { ...report, files: { folder, page: join(folder, 'report.html') } },
    view: [...reportView(report), lines(`report: ${join(folder, 'report.html')}`, next)],
    exitCode: isAccepted ? 0 : exitCode['not-allowed'],
  };
}

function checked(
  { progress }: Context,
  definition: ModelDefinition,
  { together, ...named }: NamedFiles,
  setting: Omit<LocalCheck, 'onProgress'>,
): Promise<MadeReport> {
  const [file = ''] = named.files;
  if (together === null) {
    return checkLocalFile(definition, resolve(file), { ...setting, onProgress: showProgress(progress, 0) });
  }
  const parts = partsOf(named).map((part) => ({ ...part, file: resolve(part.file) }));
  return checkLocalParts(
    definition,
    { parts, together },
    {
      ...setting,
      limits: partLimits,
      onPart: (name, n) =>
        progress({
          kind: 'step',
          text: `${bar((n / parts.length) * joining)} reading ${name}, ${n + 1} of ${parts.length}`,
        }),
      onProgress: showProgress(progress, joining),
    },
  );
}

/** Of several files, the share of the time in which they are joined. */
const joining = 0.3;
const width = 20;
/** Share of the time that each step takes, of a large file. */
const shares = {
  reading: [0, 0.2],
  checking: [0.2, 0.5],
  cleaning: [0.5, 0.85],
  measuring: [0.85, 1],
} as const;

/** @param before Share of the time that is over when the examination begins. */
function showProgress(progress: Progress, before: number): (step: ExaminationStep) => void {
  return ({ step, share }) => {
    const [from, to] = shares[step];
    const done = before + (1 - before) * (from + (to - from) * Math.min(1, share));
    progress({ kind: 'step', text: `${bar(done)} ${step}` });
  };
}

function bar(done: number): string {
  return `${'█'.repeat(Math.round(done * width)).padEnd(width, '░')} ${Math.round(done * 100)}%`;
}

/** A report for a person at a terminal: verdict, scores, and what failed. */
function reportView({ verdict, reasons, rows, families, checks }: DatasetReport): Block[] {
  const failed = checks.filter(({ status }) => status === 'failed');
  return [
    fields(
      ['verdict', verdict],
      ['rows read', rows.read],
      ['usable', rows.accepted],
      ['kept out', rows.quarantined],
      ['exact copies', rows.duplicates],
      ['checks', `${checks.filter(({ status }) => status === 'passed').length} of ${checks.length} passed`],
    ),
    ...(reasons.length === 0 ? [] : [lines('rejected because', ...reasons.map((reason) => `  ${reason}`))]),
    table(
      ['family', 'score', 'formula'],
      families.map(({ family, score, formula }) => [
        family,
        score === null ? null : Number((score * 100).toFixed(3)),
        formula,
      ]),
      'no row could be read',
    ),
    table(
      ['failed check', 'column', 'then', 'found'],
      failed.map(({ check, column, action, message }) => [check, column, action, message]),
      'no check failed',
    ),
  ];
}
