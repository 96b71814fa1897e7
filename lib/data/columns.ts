import type { DataPolicy } from '../model/data-policy.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { type Disguise, disguiseOf } from '../model/disguise.ts';
import type { Feature } from '../model/features.ts';
import type { NormaliseText } from '../model/normalise.ts';
import { EvergreenError } from '../shared/errors.ts';

/**
 * A column that is read from an upload. `key` is its name in SQL, whatever the people call it. Of the role `checked` are
 * those that checks read and the model does not.
 */
export interface Column {
  key: string;
  name: string;
  role: 'feature' | 'target' | 'identity' | 'checked';
  type: 'number' | 'integer' | 'boolean' | 'category' | 'text' | 'timestamp';
  mayBeMissing: boolean;
  /** Whether a file may do without the column; all its cells are missing then. */
  mayBeAbsent: boolean;
  unit: string | undefined;
  min: number | undefined;
  max: number | undefined;
  categories: readonly string[];
  maxLength: number | undefined;
  /** How spellings are made one, and units that numbers may carry. */
  normalise: NormaliseText | undefined;
  units: Readonly<Record<string, number>> | undefined;
  /** Made coarser once checked: numbers to the lower end of a range so wide, texts to so many characters. */
  width: number | undefined;
  keep: number | undefined;
  /** What takes the place of a personal text once checked. */
  disguise: Disguise | undefined;
  /** Its values are not shown in reports and quarantine. */
  isPersonal: boolean;
  identifies: boolean;
}

const plain = {
  mayBeMissing: false,
  mayBeAbsent: false,
  unit: undefined,
  min: undefined,
  max: undefined,
  categories: [],
  maxLength: undefined,
  normalise: undefined,
  units: undefined,
  width: undefined,
  keep: undefined,
  disguise: undefined,
  isPersonal: false,
  identifies: false,
};

/**
 * The columns a model reads: features in the order of the definition, the target, then columns that
 * only identify, then those that only checks read.
 *
 * @throws EvergreenError `definition-invalid` when two names differ in case alone, which a Parquet reader merges.
 */
export function columnsOf(definition: ModelDefinition): Column[] {
  const { target, identity } = definition;
  const describe = (
    [name, feature]: [string, Feature | DataPolicy['columns'][string]],
    role: 'feature' | 'checked',
  ) => ({
    ...plain,
    name,
    role,
    type: feature.type,
    mayBeMissing: feature.mayBeMissing,
    isPersonal: feature.personalData !== 'none',
    unit: 'unit' in feature ? feature.unit : undefined,
    min: 'min' in feature ? feature.min : undefined,
    max: 'max' in feature ? feature.max : undefined,
    categories: 'categories' in feature ? feature.categories : [],
    maxLength: 'maxLength' in feature ? feature.maxLength : undefined,
    normalise: 'normalise' in feature ? feature.normalise : undefined,
    units: 'units' in feature ? feature.units : undefined,
    ...coarsenessOf(feature),
    disguise: role === 'feature' ? disguiseOf(definition, name) : undefined,
  });
  const features = Object.entries(definition.features).map((each) => describe(each, 'feature'));
  const checked = Object.entries(definition.data.columns).map((each) => describe(each, 'checked'));
  const answer = {
    ...plain,
    name: target.name,
    role: 'target' as const,
    type: target.type,
    categories: target.type === 'category' ? target.categories : [],
    normalise: target.type === 'category' ? target.normalise : undefined,
    unit: target.type === 'number' ? target.unit : undefined,
    min: target.type === 'number' ? target.min : undefined,
    max: target.type === 'number' ? target.max : undefined,
  };
  const known = new Set([...features.map((feature) => feature.name), target.name]);
  // What identifies a row may point at a person, whatever it is called: it is never shown.
  const identifiers = identity
    .filter((name) => !known.has(name))
    .map((name) => ({ ...plain, name, role: 'identity' as const, type: 'text' as const, isPersonal: true }));
  const columns = [...features, answer, ...identifiers, ...checked].map((column, index) => ({
    ...column,
    key: `c${index}`,
    identifies: identity.includes(column.name),
  }));
  refuseLookAlikes(definition.name, columns);
  return columns;
}

function coarsenessOf(feature: Feature | DataPolicy['columns'][string]): Pick<Column, 'width' | 'keep'> {
  const asked = 'generalise' in feature ? feature.generalise : undefined;
  return {
    width: asked && 'width' in asked ? asked.width : undefined,
    keep: asked && 'keep' in asked ? asked.keep : undefined,
  };
}

/**
 * The columns that predictions of a file are made from: features, then columns that only identify. What may be missing
 * may be left out, as in a request, and so may what identifies.
 *
 * @throws EvergreenError `definition-invalid` when two names differ in case alone.
 */
export function predictionColumns(definition: ModelDefinition): Column[] {
  return columnsOf(definition)
    .filter(({ role }) => role === 'feature' || role === 'identity')
    .map((column) => {
      const mayBeMissing = column.mayBeMissing || column.role === 'identity';
      return { ...column, mayBeMissing, mayBeAbsent: mayBeMissing };
    });
}

/** Features and target: what train.parquet and test.parquet hold. */
export function dataColumns(columns: readonly Column[]): Column[] {
  return columns.filter(({ role }) => role === 'feature' || role === 'target');
}

function refuseLookAlikes(model: string, columns: readonly Column[]): void {
  const seen = new Map<string, string>();
  for (const { name } of columns) {
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined) {
      throw new EvergreenError(
        'definition-invalid',
        `model ${model}: columns ${twin} and ${name} differ in case alone; rename one`,
      );
    }
    seen.set(name.toLowerCase(), name);
  }
}
