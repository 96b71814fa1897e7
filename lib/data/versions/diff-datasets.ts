import type { ColumnProfile, DatasetManifest, DatasetProfile } from '../dataset.ts';

/** One fact in which two datasets differ. */
export interface DatasetDifference {
  what: string;
  before: string | number | null;
  after: string | number | null;
}

export interface DescribedDataset {
  manifest: DatasetManifest;
  profile: DatasetProfile | null;
}

/** Facts in which two datasets differ: where they come from, their rows, and figures of their columns. */
export function diffDatasets(a: DescribedDataset, b: DescribedDataset): DatasetDifference[] {
  const facts = [factsOf(a), factsOf(b)] as const;
  const names = new Set(facts.flatMap((each) => [...each.keys()]));
  return [...names].flatMap((what) => {
    const [before = null, after = null] = facts.map((each) => each.get(what) ?? null);
    return before === after ? [] : [{ what, before, after }];
  });
}

function factsOf({ manifest, profile }: DescribedDataset): Map<string, string | number> {
  const { source, rows, definitionDigest, codeDigest } = manifest;
  const facts = new Map<string, string | number>([
    ['source', source.key],
    ['source sha256', source.sha256],
    ['definition', definitionDigest],
    ...Object.entries(rows).map(([name, count]): [string, number] => [`rows ${name}`, count]),
  ]);
  if (codeDigest !== undefined) facts.set('code', codeDigest);
  if (!profile) return facts;
  for (const [name, column] of [...Object.entries(profile.features), ['(target)', profile.target] as const]) {
    for (const [figure, value] of figuresOf(column)) facts.set(`${name} ${figure}`, value);
  }
  return facts;
}

function figuresOf(column: ColumnProfile): [string, number][] {
  const common: [string, number][] = [['missing', column.missing]];
  if (column.type === 'numeric') {
    const { min, max, mean } = column;
    return [
      ...common,
      ...Object.entries({ min, max, mean }).flatMap(([name, value]): [string, number][] =>
        value === null ? [] : [[name, Number(value.toPrecision(6))]],
      ),
    ];
  }
  return column.type === 'categorical'
    ? [
        ...common,
        ...Object.entries(column.counts).map(([name, count]): [string, number] => [`= ${name}`, count]),
      ]
    : common;
}
