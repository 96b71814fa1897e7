import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decisionTable, renderDecisionTable, rowFor, type TableSituation } from './decision-table.ts';

const all: TableSituation[] = (['serving', 'quality', 'answers', 'drift', 'cost'] as const).flatMap((kind) =>
  (['young', 'old'] as const).flatMap((age) =>
    (['healthy', 'unhealthy', 'none'] as const).flatMap((before) =>
      (['new', 'none'] as const).flatMap((labels) =>
        (['left', 'cooling down', 'spent'] as const).map((budget) => ({ kind, age, before, labels, budget })),
      ),
    ),
  ),
);

describe('decisionTable', () => {
  it('has a row for every situation', () => {
    expect(all).toHaveLength(180);
    expect(all.filter((situation) => rowFor(situation) === undefined)).toEqual([]);
  });

  it('has no row that is never reached', () => {
    expect(new Set(all.map(rowFor)).size).toBe(decisionTable.length);
  });

  it('goes back only from a young version to one that was well, and never for drift', () => {
    const backs = all.filter((situation) => rowFor(situation)?.action === 'roll back');
    expect(
      backs.every(({ kind, age, before }) => kind !== 'drift' && age === 'young' && before === 'healthy'),
    ).toBe(true);
    expect(backs).toHaveLength(18);
  });

  it('trains only with new labels and within the budget', () => {
    for (const situation of all) {
      if (!/train/.test(rowFor(situation)?.action ?? '')) continue;
      expect(situation).toMatchObject({ labels: 'new', budget: 'left' });
    }
  });

  it('leaves nothing alone without a person, but in the cool-down', () => {
    for (const situation of all) {
      const row = rowFor(situation);
      if (row?.action === 'leave' && !row.page) expect(situation.budget).toBe('cooling down');
    }
  });

  it('stands in the runbook as it is', () => {
    const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
    expect(runbook).toContain(renderDecisionTable());
  });
});
