import type { Row } from './dataset.ts';

export const mostGoldenRows = 32;
const mostWithMissing = 8;

/** A held-out row with the group it stands for: its class, or its band of target values. */
export interface GoldenCandidate {
  group: string;
  row: Row;
}

/**
 * Chooses golden rows: first a few with missing values, then one of each group in turn until enough are found.
 *
 * @param candidates In a fixed order; the same candidates give the same rows.
 */
export function chooseGoldenRows(candidates: readonly GoldenCandidate[], most = mostGoldenRows): Row[] {
  const isIncomplete = ({ row }: GoldenCandidate) => Object.values(row).includes(null);
  const chosen = new Set(takeInTurn(candidates.filter(isIncomplete), Math.min(mostWithMissing, most)));
  for (const candidate of takeInTurn(candidates, candidates.length)) {
    if (chosen.size >= most) break;
    chosen.add(candidate);
  }
  return candidates.filter((candidate) => chosen.has(candidate)).map(({ row }) => row);
}

function takeInTurn(candidates: readonly GoldenCandidate[], most: number): GoldenCandidate[] {
  const groups = [...Map.groupBy(candidates, ({ group }) => group).values()];
  const taken: GoldenCandidate[] = [];
  for (let turn = 0; taken.length < most && groups.some((group) => turn < group.length); turn++) {
    for (const group of groups) {
      const candidate = group[turn];
      if (candidate && taken.length < most) taken.push(candidate);
    }
  }
  return taken;
}
