import type { ModelDefinition } from '../../model/definition.ts';
import type { CheckResult } from '../checks/check-result.ts';
import { percent, rowsOf, statusOf } from '../checks/findings.ts';
import type { AnonymityReport } from './anonymity.ts';
import type { PersonalColumn, PersonalKind } from './personal-kinds.ts';

const told: Record<PersonalKind, string> = {
  email: 'e-mail addresses',
  phone: 'phone numbers',
  card: 'card numbers',
  iban: 'account numbers (IBAN)',
  ip: 'IP addresses',
  'national-id': 'national numbers of persons',
  name: 'names of persons',
  'birth-date': 'birth dates',
  address: 'postal addresses',
};

/** What was found of personal data that nobody declared, and of rows that may tell who they are about. */
export function privacyResults(
  { personalData, anonymity }: { personalData: readonly PersonalColumn[]; anonymity: AnonymityReport | null },
  { data }: ModelDefinition,
): CheckResult[] {
  const { action } = data.checks.personalData;
  const results: CheckResult[] = [];
  if (action !== 'off') {
    const common = { check: 'personal-data', family: 'reliability', action } as const;
    const undeclared = personalData.filter(({ isDeclared }) => !isDeclared);
    for (const found of undeclared) {
      const share = found.filled === 0 ? null : found.cells / found.filled;
      results.push({
        ...common,
        column: found.column,
        status: 'failed',
        count: found.cells,
        value: share,
        limit: null,
        message: describe(found),
      });
    }
    if (undeclared.length === 0) {
      const message = 'no column holds personal data that the definition does not say it of';
      results.push({
        ...common,
        column: null,
        status: 'passed',
        count: 0,
        value: null,
        limit: null,
        message,
      });
    }
  }
  if (anonymity && anonymity.action !== 'suppress') {
    const { columns, k, action: then, smallest, rowsBelow } = anonymity;
    results.push({
      check: 'anonymity',
      family: 'reliability',
      column: columns.join(', '),
      action: then,
      status: statusOf(rowsBelow === 0),
      count: rowsBelow,
      value: smallest,
      limit: k,
      message: `${rowsOf(rowsBelow)} share ${columns.join(', ')} with fewer than ${k - 1} others; generalise these columns, or set privacy.anonymity.action to suppress`,
    });
  }
  return results;
}

function describe({ column, isRead, kind, by, cells, filled }: PersonalColumn): string {
  const where = isRead ? column : `${column}, which the model does not read,`;
  const found =
    by === 'values'
      ? `holds ${told[kind]} (${cells} of ${filled} cells looked at, ${percent(cells / filled)})`
      : `is named as one of ${told[kind]}`;
  const remedy = isRead
    ? 'say so with personalData, or take the column out'
    : 'take it out of the file, or name it in data.columns with personalData';
  return `${where} ${found}; ${remedy}`;
}
