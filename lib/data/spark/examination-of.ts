import { compileRowChecks } from '../checks/row-checks.ts';
import type { Column } from '../columns.ts';
import { conclude } from '../conclude.ts';
import type { Unreadable } from '../csv-scanner.ts';
import type { Examination, ExaminationSetting } from '../examination.ts';
import { missingColumns } from '../stage-file.ts';
import { unreadableFile } from '../unreadable-file.ts';
import { factsOf, type SparkFacts } from './spark-facts.ts';

/** Which columns are not there is said in the words of the function. */
function whyUnreadable(found: NonNullable<SparkFacts['unreadable']>): Unreadable {
  return 'missing' in found
    ? { line: found.line, message: missingColumns(found.missing, found.present) }
    : found;
}

/** The examination of a file that Spark counted, concluded as one that DuckDB counted. */
export function examinationOf(
  facts: SparkFacts,
  columns: readonly Column[],
  setting: Pick<ExaminationSetting, 'definition' | 'limits' | 'earlier' | 'now'>,
): Examination {
  if (facts.unreadable) return unreadableFile(whyUnreadable(facts.unreadable), columns);
  const rowChecks = compileRowChecks(setting.definition.data, columns);
  return conclude(factsOf(facts, columns, { ...setting, rowChecks }), columns, rowChecks, setting);
}
