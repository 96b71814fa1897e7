import * as z from 'zod';
import type { ModelDefinition } from '../../model/definition.ts';
import { type Draw, twoSidedGeometric } from './two-sided-geometric.ts';

const bins = 10;

/** Groups of values that a definition fixes: found in the rows, they would tell of them. */
export interface FixedGroups {
  column: string;
  /** Inner edges of equal ranges, for numbers; names, for categories. */
  groups: { edges: number[] } | { names: string[] };
}

export const privateProfile = z.object({
  schema: z.literal('evergreen/private-profile/v1'),
  model: z.string(),
  datasetId: z.string(),
  epsilon: z.number(),
  /** Whose privacy it is: one row may be there or not. */
  unit: z.literal('row'),
  columns: z.array(
    z.object({ column: z.string(), groups: z.array(z.object({ group: z.string(), count: z.int() })) }),
  ),
  /** Columns that cannot be published, and why. */
  leftOut: z.array(z.object({ column: z.string(), because: z.string() })),
});
export type PrivateProfile = z.infer<typeof privateProfile>;

/** Which columns can be published, in which groups. */
export function fixedGroups({ features, target }: ModelDefinition): {
  columns: FixedGroups[];
  leftOut: PrivateProfile['leftOut'];
} {
  const columns: FixedGroups[] = [];
  const leftOut: PrivateProfile['leftOut'] = [];
  for (const [column, each] of [...Object.entries(features), [target.name, target] as const]) {
    if (each.type === 'category') columns.push({ column, groups: { names: [...each.categories] } });
    else if (each.type === 'boolean') columns.push({ column, groups: { names: ['true', 'false'] } });
    else if (each.type === 'text') leftOut.push({ column, because: 'texts have no groups that are fixed' });
    else if (each.min === undefined || each.max === undefined) {
      leftOut.push({ column, because: 'its min and max are not in the definition' });
    } else {
      const [least, width] = [each.min, (each.max - each.min) / bins];
      const edges = Array.from({ length: bins - 1 }, (_, place) => least + width * (place + 1));
      columns.push({ column, groups: { edges } });
    }
  }
  return { columns, leftOut };
}

export function groupNames({ groups }: FixedGroups): string[] {
  if ('names' in groups) return [...groups.names, '(missing)'];
  const { edges } = groups;
  return [
    ...edges.map((edge, place) => (place === 0 ? `<= ${edge}` : `${edges[place - 1]} … ${edge}`)),
    `> ${edges.at(-1)}`,
    '(missing)',
  ];
}

/**
 * Counts with noise. A row is in one group of each column, so each column gets its part of epsilon.
 *
 * @param thousandths Epsilon of the whole, in thousandths; at least one for each column.
 */
export function withNoise(
  columns: readonly FixedGroups[],
  counts: readonly (readonly number[])[],
  thousandths: number,
  draw: Draw,
): PrivateProfile['columns'] {
  const part = Math.floor(thousandths / columns.length);
  return columns.map((each, place) => ({
    column: each.column,
    groups: groupNames(each).map((group, at) => ({
      group,
      // What is done to a noisy count costs no privacy.
      count: Math.max(0, (counts[place]?.[at] ?? 0) + twoSidedGeometric(draw, part)),
    })),
  }));
}
