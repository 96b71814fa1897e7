import { type ComparisonOfRow, comparisonsOf } from './conditions.ts';
import type { DataPolicy } from './data-policy.ts';
import type { Feature, Target } from './features.ts';
import { normaliseSpelling } from './normalise.ts';
import { readPattern } from './pattern.ts';

interface Described {
  target: Target;
  features: Readonly<Record<string, Feature>>;
  identity: readonly string[];
  data: DataPolicy;
  train: { federated?: unknown };
  privacy: { differentialPrivacy?: unknown };
}

interface DataProblem {
  path: (string | number)[];
  message: string;
}

/** Checks and counts of wider rows take more memory than a function has, and more of a plan than Spark can read. */
const mostColumns = 1000;

/** What values of a column are compared as. */
type Kind = 'number' | 'text' | 'boolean' | 'timestamp';

/** What in checks and cleaning does not fit the columns there are, or the training that is asked for. */
export function dataProblems(definition: Described): DataProblem[] {
  const { data } = definition;
  const kinds = kindsOf(definition);
  const problems: DataProblem[] = [];
  const note = (message: string | undefined, ...path: DataProblem['path']) => {
    if (message !== undefined) problems.push({ path, message });
  };
  const read = kinds.size;
  if (read > mostColumns) {
    note(
      `the model reads ${read} columns, and at most ${mostColumns} are read; leave out what it can do without`,
      'features',
    );
  }
  for (const name of Object.keys(data.columns)) {
    const isKnown =
      name in definition.features || name === definition.target.name || definition.identity.includes(name);
    if (isKnown) note(`${name} is read already; leave it out here`, 'data', 'columns', name);
  }
  const { patterns, rules, unique, freshness, sources } = data.checks;
  for (const [place, { column, pattern }] of patterns.entries()) {
    const path = ['data', 'checks', 'patterns', place];
    note(refuseColumn(kinds, column, ['text']), ...path, 'column');
    note(refusePattern(pattern), ...path, 'pattern');
  }
  for (const [place, { when, must }] of rules.entries()) {
    for (const [part, asked] of Object.entries({ when, must })) {
      if (asked === undefined) continue;
      for (const comparison of comparisonsOf(asked).comparisons) {
        note(refuseComparison(kinds, comparison), 'data', 'checks', 'rules', place, part);
      }
    }
  }
  for (const [place, { columns }] of unique.entries()) {
    for (const column of columns) note(refuseColumn(kinds, column), 'data', 'checks', 'unique', place);
  }
  if (freshness) note(refuseColumn(kinds, freshness.column, ['timestamp']), 'data', 'checks', 'freshness');
  if (sources) note(refuseColumn(kinds, sources.column), 'data', 'checks', 'sources');
  const { archiveUploadsAfterDays: archived, expireUploadsAfterDays: expired } = data.retention ?? {};
  if (archived !== undefined && expired !== undefined && archived >= expired) {
    note(
      `${archived} days are not before uploads expire, which is after ${expired}`,
      'data',
      'retention',
      'archiveUploadsAfterDays',
    );
  }
  if (data.keyDuplicates !== 'keep' && definition.identity.length === 0) {
    note('needs identity: name the columns that identify a row', 'data', 'keyDuplicates');
  }
  for (const [name, feature] of Object.entries(definition.features)) {
    note(refuseCleaning(feature, definition), 'features', name);
    note(refuseNormalising(feature, definition), 'features', name);
  }
  note(refuseNormalising(definition.target, definition), 'target');
  return problems;
}

function kindsOf({ features, target, identity, data }: Described): Map<string, Kind> {
  const kinds = new Map<string, Kind>(identity.map((name) => [name, 'text']));
  for (const [name, { type }] of [...Object.entries(data.columns), ...Object.entries(features)]) {
    kinds.set(name, type === 'integer' ? 'number' : type === 'category' ? 'text' : type);
  }
  kinds.set(target.name, target.type === 'number' ? 'number' : 'text');
  return kinds;
}

function refuseColumn(
  kinds: ReadonlyMap<string, Kind>,
  name: string,
  wanted?: readonly Kind[],
): string | undefined {
  const kind = kinds.get(name);
  if (kind === undefined) return `${name} is no column of the model; name it in data.columns to have it read`;
  if (wanted && !wanted.includes(kind)) return `${name} is a ${kind}; a ${wanted.join(' or ')} is needed`;
  return undefined;
}

function refuseComparison(kinds: ReadonlyMap<string, Kind>, asked: ComparisonOfRow): string | undefined {
  const refused = refuseColumn(kinds, asked.column);
  if (refused !== undefined) return refused;
  const kind = kinds.get(asked.column);
  if ('otherColumn' in asked) {
    const other = kinds.get(asked.otherColumn);
    if (other === undefined) return refuseColumn(kinds, asked.otherColumn);
    return other === kind
      ? undefined
      : `${asked.column} is a ${kind} and ${asked.otherColumn} a ${other}; they cannot be compared`;
  }
  const values = 'values' in asked ? asked.values : 'value' in asked ? [asked.value] : [];
  const wrong = values.find(
    (value) => typeof value !== (kind === 'number' || kind === 'boolean' ? kind : 'string'),
  );
  if (wrong !== undefined) return `${asked.column} is a ${kind} and cannot be ${JSON.stringify(wrong)}`;
  if (kind === 'timestamp' && values.some((value) => Number.isNaN(Date.parse(String(value))))) {
    return `${asked.column} is a timestamp; compare it with one as 2026-05-01T12:00:00Z`;
  }
  return undefined;
}

function refusePattern(pattern: string): string | undefined {
  const read = readPattern(pattern);
  return typeof read === 'string' ? read : undefined;
}

/** A party prepares its rows by what is declared, and a private model may learn nothing of a row on the way. */
function refuseCleaning(feature: Feature, { train, privacy }: Described): string | undefined {
  const impute = 'impute' in feature ? feature.impute : undefined;
  const isClipped = 'outliers' in feature && feature.outliers?.action === 'clip';
  if (impute && !feature.mayBeMissing) return 'impute is for features that mayBeMissing';
  const refused = impute?.strategy === 'constant' ? refuseConstant(feature, impute.value) : undefined;
  if (refused !== undefined) return refused;
  if (!impute && !isClipped) return undefined;
  if (train.federated) return 'with train.federated nothing is learned for impute and clip; leave them out';
  if (privacy.differentialPrivacy) {
    return 'with privacy.differentialPrivacy nothing may be learned for impute and clip; leave them out';
  }
  return undefined;
}

function refuseConstant(feature: Feature, value: string | number | boolean): string | undefined {
  if (feature.type === 'category') {
    return feature.categories.includes(String(value))
      ? undefined
      : `impute.value ${value} is none of its categories: ${feature.categories.join(', ')}`;
  }
  if (typeof value !== 'number' || (feature.type !== 'number' && feature.type !== 'integer'))
    return undefined;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = feature;
  if (value < min || value > max) return `impute.value ${value} is not from ${min} to ${max}`;
  return feature.type === 'integer' && !Number.isInteger(value)
    ? `impute.value ${value} is no integer`
    : undefined;
}

/** A category that is not spelled as all spellings are taken for would never be met. */
function refuseNormalising(column: Feature | Target, { train }: Described): string | undefined {
  const asked = 'normalise' in column ? column.normalise : undefined;
  const units = 'units' in column ? column.units : undefined;
  if (train.federated && (asked || units)) {
    return "with train.federated a party's rows are read as they stand; leave normalise and units out";
  }
  if (!asked || column.type !== 'category') return undefined;
  const other = column.categories.find((name) => normaliseSpelling(name, asked) !== name);
  return other === undefined
    ? undefined
    : `category ${JSON.stringify(other)} is never met: normalise makes ${JSON.stringify(normaliseSpelling(other, asked))} of it`;
}
