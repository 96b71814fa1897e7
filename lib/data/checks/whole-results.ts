import type { RowAction } from '../../model/data-checks.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import type { CheckResult } from './check-result.ts';
import { balance, constant, freshness, leak } from './column-results.ts';
import { actionOfFlips, compareWithEarlier, flips } from './earlier-results.ts';
import { type Found, rowsOf, type WholeFindings } from './findings.ts';
import { duplicates, nearDuplicates, shareOf, sourceOutliers, unique } from './relation-results.ts';

/** The checks of the whole, in the order of the definition's field; those that are off are left out. */
export function wholeResults(found: WholeFindings, definition: ModelDefinition): CheckResult[] {
  const { checks } = definition.data;
  const results: CheckResult[] = [];
  const add = (
    check: CheckResult['check'],
    family: CheckResult['family'],
    column: string | null,
    { action }: { action: RowAction },
    result: Found,
  ) => {
    if (action !== 'off') results.push({ check, family, column, action, ...result });
  };
  // Leaving copies out is what was asked for; keeping them deserves a word.
  const ofCopies = definition.data.duplicates === 'drop' ? 'quarantine' : 'warn';
  add('duplicates', 'consistency', null, { action: ofCopies }, duplicates(found, definition));
  for (const [place, each] of checks.unique.entries()) {
    add(
      'unique',
      'consistency',
      each.columns.join(', '),
      each,
      unique(found.repeated[place] ?? 0, each.columns),
    );
  }
  if (found.sharedIdentity !== null) {
    const what = `${rowsOf(found.sharedIdentity)} share ${definition.identity.join(', ')} with a row of other values`;
    add(
      'identity',
      'consistency',
      definition.identity.join(', '),
      checks.identity,
      shareOf(found, found.sharedIdentity, checks.identity.mostShare, what),
    );
  }
  if (found.conflictingLabels !== null) {
    const by = definition.identity.length > 0 ? definition.identity.join(', ') : 'all features';
    const what = `${rowsOf(found.conflictingLabels)} share ${by} with a row of another ${definition.target.name}`;
    add(
      'conflicting-labels',
      'consistency',
      definition.target.name,
      checks.conflictingLabels,
      shareOf(found, found.conflictingLabels, checks.conflictingLabels.mostShare, what),
    );
  }
  if (checks.freshness) {
    add(
      'freshness',
      'reliability',
      checks.freshness.column,
      checks.freshness,
      freshness(found, checks.freshness),
    );
  }
  if (found.classes)
    add(
      'class-balance',
      'reliability',
      definition.target.name,
      checks.classBalance,
      balance(found.classes, checks.classBalance.leastShare),
    );
  for (const name of Object.keys(definition.features)) {
    const profile = found.profiles[name];
    if (profile) add('constant', 'reliability', name, checks.constants, constant(name, profile));
    add('leak', 'reliability', name, checks.leak, leak(name, found, definition));
  }
  for (const { column, isTarget, found: compared } of compareWithEarlier(found, definition)) {
    if (isTarget) add('label-shift', 'reliability', column, checks.labelShift, compared);
    else add('shift', 'reliability', column, checks.shift, compared);
  }
  if (found.labelFlips)
    add(
      'label-flips',
      'reliability',
      definition.target.name,
      actionOfFlips(found, definition),
      flips(found.labelFlips, found, definition),
    );
  add(
    'near-duplicates',
    'reliability',
    null,
    checks.nearDuplicates,
    nearDuplicates(found, checks.nearDuplicates),
  );
  if (checks.sources) {
    for (const { source, rows: many, outlying } of found.sources) {
      add(
        'source-outliers',
        'reliability',
        checks.sources.column,
        checks.sources,
        sourceOutliers(source, many, outlying, checks.sources),
      );
    }
  }
  return results;
}
