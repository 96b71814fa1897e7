import { binomialTail } from '../../statistics/binomial-tail.ts';
import { detectValue } from './detect-value.ts';
import { kindByName, type PersonalColumn, type PersonalKind, personalKind } from './personal-kinds.ts';

/** Values of one column of an upload, as they stood. */
export interface ColumnSample {
  column: string;
  isRead: boolean;
  isDeclared: boolean;
  /** Filled cells alone. */
  texts: readonly string[];
}

/** What was counted in the values of one column. */
export interface ColumnCounts extends Omit<ColumnSample, 'texts'> {
  filled: number;
  /** Whether any value is more than digits. */
  hasSigns: boolean;
  /** Values that look like a kind, and of these those whose check digits hold. */
  kinds: readonly { kind: PersonalKind; looks: number; holds: number }[];
}

/** How often what is of a kind by its looks alone keeps its check digits. */
const byChance: Partial<Record<PersonalKind, number>> = {
  email: 1e-6,
  iban: 1e-4,
  card: 0.1,
  'national-id': 0.12,
};

/** Share of filled cells from which on a kind without check digits is one. */
const leastShare: Partial<Record<PersonalKind, number>> = { ip: 0.1, phone: 0.1, name: 0.2 };

/** What a column's name is worth: so many times fewer cells are needed. */
const hinted = 10;

const certain = 1e-3;

/** Counts the kinds in the values of a column. */
function countKinds({ texts, ...column }: ColumnSample): ColumnCounts {
  const counts = new Map<PersonalKind, { looks: number; holds: number }>();
  for (const text of texts) {
    for (const { kind, holds } of detectValue(text)) {
      const count = counts.get(kind) ?? { looks: 0, holds: 0 };
      counts.set(kind, { looks: count.looks + 1, holds: count.holds + Number(holds) });
    }
  }
  const kinds = [...counts].map(([kind, count]) => ({ kind, ...count }));
  return { ...column, filled: texts.length, hasSigns: texts.some((text) => /\D/.test(text)), kinds };
}

/** Kinds that the values of a column are of, the most frequent first; or what its name alone says. */
export function judgeColumn(sample: ColumnSample): PersonalColumn[] {
  return judgeCounts(countKinds(sample));
}

/** The same of a column whose values were counted elsewhere. */
export function judgeCounts({ filled, hasSigns, kinds, ...column }: ColumnCounts): PersonalColumn[] {
  const hint = kindByName(column.column);
  const found = kinds.flatMap(({ kind, looks, holds }): PersonalColumn[] => {
    const isFound = isKind(kind, looks, holds, filled, kind === hint);
    return isFound ? [{ ...column, kind, by: 'values', cells: holds, filled }] : [];
  });
  const order = personalKind.options;
  if (found.length > 0) {
    return found.sort((a, b) => b.cells - a.cells || order.indexOf(a.kind) - order.indexOf(b.kind));
  }
  // What has no pattern is told by its name: a birth date is a date, an address a text.
  const isNamed = (hint === 'birth-date' || hint === 'address' || hint === 'name') && filled > 0;
  return isNamed && hasSigns ? [{ ...column, kind: hint, by: 'name', cells: 0, filled }] : [];
}

function isKind(
  kind: PersonalKind,
  looks: number,
  holds: number,
  filled: number,
  isHinted: boolean,
): boolean {
  if (holds === 0) return false;
  const chance = byChance[kind];
  if (chance !== undefined)
    // The chance that so many hold is the chance that at most the others fail.
    return isHinted || binomialTail(looks - holds, looks, 1 - chance) < certain;
  return holds / filled >= (leastShare[kind] ?? 1) / (isHinted ? hinted : 1);
}
