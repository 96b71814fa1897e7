import type { Cell, Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import {
  areBuckets,
  bucketOf,
  disguiseOf,
  hashBuckets,
  hashedValue,
  hashPattern,
  maskedValue,
} from '../model/disguise.ts';
import type { Feature } from '../model/features.ts';
import { generalisedNumber } from '../model/generalise.ts';
import { normaliseSpelling } from '../model/normalise.ts';
import { EvergreenError } from '../shared/errors.ts';
import { nearestOf } from './nearest.ts';

/** What is wrong with a request, and where (RFC 6901). */
export interface RequestError {
  pointer: string;
  message: string;
}

export type RowReader = (rows: readonly unknown[], pointers?: Pointers) => Row[];

/** Where a cell stands in the request; without a name the row itself. */
export type Pointers = (row: number, name?: string) => string;

export const maxErrors = 20;

type Outcome = { cell: Cell } | { message: string };
type CellRule = (value: unknown) => Outcome;

/** One step of a JSON pointer. */
export function pointerStep(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

export const friendlyPointers: Pointers = (row, name) =>
  name === undefined ? `/rows/${row}` : `/rows/${row}/${pointerStep(name)}`;

/** Thrown when a request does not fit the model or the route. */
export function requestInvalid(errors: RequestError[]): EvergreenError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new EvergreenError(
    'request-invalid',
    first
      ? `${first.pointer === '' ? 'the body' : first.pointer} ${first.message}${more}`
      : 'it does not fit',
    { details: { errors } },
  );
}

/** A JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Code points, as the validation of uploads counts them. */
function isLongerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  let count = 0;
  for (const _ of text) if (++count > limit) return true;
  return false;
}

function listed(names: readonly string[]): string {
  return names.length <= 20
    ? names.join(', ')
    : `${names.slice(0, 20).join(', ')} and ${names.length - 20} more`;
}

function numberRule(feature: Extract<Feature, { type: 'number' | 'integer' }>): CellRule {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, unit, generalise } = feature;
  const isInteger = feature.type === 'integer';
  const wanted = isInteger ? 'an integer' : 'a number';
  const inUnit = unit === undefined ? '' : ` ${unit}`;
  return (value) => {
    if (typeof value !== 'number') return { message: `is ${shown(value)}; ${wanted} is needed` };
    // Models take 32-bit numbers: beyond their range a value would become infinite.
    if (!Number.isFinite(Math.fround(value))) {
      return { message: `is ${shownNumber(value)}, which is beyond what a 32-bit number holds` };
    }
    if (isInteger && !Number.isInteger(value)) return { message: `is ${value}; an integer is needed` };
    if (isInteger && !Number.isSafeInteger(value)) {
      return { message: `is ${value}, which cannot be told from its neighbours; at most 2^53 - 1 is read` };
    }
    if (value < min) return { message: `is ${value}; at least ${min}${inUnit} is allowed` };
    if (value > max) return { message: `is ${value}; at most ${max}${inUnit} is allowed` };
    return { cell: generalise ? generalisedNumber(value, generalise.width) : value };
  };
}

function shownNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : 'a number';
}

function textRule(feature: Extract<Feature, { type: 'category' | 'text' }>): CellRule {
  const isAllowed = feature.type === 'category' ? new Set(feature.categories) : undefined;
  const takesAny = feature.type === 'category' && areBuckets(feature.categories);
  return (value) => {
    if (typeof value !== 'string') return { message: `is ${shown(value)}; a text is needed` };
    if (feature.type === 'category') {
      if (takesAny || isAllowed?.has(value)) return { cell: value };
      const nearest = nearestOf(value, feature.categories);
      const hint = nearest === undefined ? '' : `; did you mean ${shown(nearest)}?`;
      return { message: `is ${shown(value)}; allowed are ${listed(feature.categories)}${hint}` };
    }
    // The runtime reads texts up to the first zero byte.
    if (value.includes('\0')) return { message: 'holds a zero byte' };
    if (isLongerThan(value, feature.maxLength)) {
      return { message: `is longer than ${feature.maxLength} characters` };
    }
    return { cell: value };
  };
}

function ruleOf(feature: Feature): CellRule {
  if (feature.type === 'number' || feature.type === 'integer') return numberRule(feature);
  if (feature.type === 'category' || feature.type === 'text') return textRule(feature);
  return (value) =>
    typeof value === 'boolean' ? { cell: value } : { message: `is ${shown(value)}; true or false is needed` };
}

/** Takes the place of a personal text; undefined where the key for it is not here. */
export type TakePlace = (value: string) => string | undefined;

/**
 * What the features of a definition are hashed or masked by, by name. Hashes need the key: where it is not, a value must
 * have been hashed before it came.
 */
export function compileDisguises(
  definition: ModelDefinition,
  hashKey: Uint8Array | undefined,
): ReadonlyMap<string, TakePlace> {
  const found = new Map<string, TakePlace>();
  for (const name of Object.keys(definition.features)) {
    const disguise = disguiseOf(definition, name);
    if (disguise?.kind === 'mask') found.set(name, (value) => maskedValue(value, disguise.keepLast));
    if (disguise?.kind === 'bucket') {
      const buckets = hashBuckets(disguise.buckets);
      const known = new Set(buckets);
      found.set(
        name,
        hashKey
          ? (value) => bucketOf(hashKey, name, value, buckets)
          : (value) => (known.has(value) ? value : undefined),
      );
    }
    if (disguise?.kind !== 'hash') continue;
    const isHashed = new RegExp(`^${hashPattern(disguise.key)}$`);
    found.set(
      name,
      hashKey
        ? (value) => hashedValue(hashKey, disguise.key, name, value)
        : (value) => (isHashed.test(value) ? value : undefined),
    );
  }
  return found;
}

function disguisedRule(rule: CellRule, takePlace: TakePlace | undefined): CellRule {
  if (!takePlace) return rule;
  return (value) => {
    const outcome = rule(value);
    if (!('cell' in outcome) || typeof outcome.cell !== 'string') return outcome;
    const cell = takePlace(outcome.cell);
    return cell === undefined
      ? { message: 'is hashed before it is used, and the key is not here; send it hashed' }
      : { cell };
  };
}

/** A value as uploads have it: categories in the spelling that the definition makes of them. */
function spellingOf(feature: Feature): (value: unknown) => unknown {
  const { normalise, generalise } = feature.type === 'category' ? feature : {};
  if (!normalise && !generalise) return (value) => value;
  return (value) => {
    if (typeof value !== 'string') return value;
    const spelled = normalise ? normaliseSpelling(value, normalise) : value;
    // Characters as SQL counts them.
    return generalise ? [...spelled].slice(0, generalise.keep).join('') : spelled;
  };
}

/** Why a name has no place in a row of the model. */
export function unknownFeature({ name: model, features, target }: ModelDefinition, name: string): string {
  if (name === target.name) return 'is what the model predicts; leave it out';
  const names = Object.keys(features);
  const nearest = nearestOf(name, names);
  return nearest === undefined
    ? `is not a feature of ${model}; its features are ${listed(names)}`
    : `is not a feature of ${model}; did you mean ${nearest}?`;
}

/**
 * A function that holds rows of a request against a definition, compiled once.
 *
 * Missing is an absent name, null, or an empty text; it is null in the rows that come out.
 * @param hashKey Of a definition that hashes personal texts; without it they must come hashed.
 *
 * The function throws EvergreenError `request-invalid` with at most 20 errors, each with its JSON pointer.
 */
export function compileRowReader(definition: ModelDefinition, hashKey?: Uint8Array): RowReader {
  const disguises = compileDisguises(definition, hashKey);
  const known = new Set(Object.keys(definition.features));
  const columns = Object.entries(definition.features).map(([name, feature]) => ({
    name,
    mayBeMissing: feature.mayBeMissing,
    isText: feature.type === 'category' || feature.type === 'text',
    spell: spellingOf(feature),
    rule: disguisedRule(ruleOf(feature), disguises.get(name)),
  }));

  return (rows, pointers = friendlyPointers) => {
    const errors: RequestError[] = [];
    const report = (message: string, row: number, name?: string) => {
      if (errors.length < maxErrors) errors.push({ pointer: pointers(row, name), message });
    };
    const read: Row[] = [];
    for (const [index, given] of rows.entries()) {
      if (errors.length >= maxErrors) break;
      if (!isObject(given)) {
        report(`is ${shown(given)}; an object with a value for each feature is needed`, index);
        continue;
      }
      const row: Row = {};
      for (const { name, mayBeMissing, isText, spell, rule } of columns) {
        // Own names alone: every object inherits some, such as `constructor`.
        const value = spell(Object.hasOwn(given, name) ? given[name] : undefined);
        if (value === undefined || value === null || (isText && value === '')) {
          if (mayBeMissing) row[name] = null;
          else
            report(
              value === undefined ? 'is missing' : `is ${shown(value)}; it may not be missing`,
              index,
              name,
            );
          continue;
        }
        const outcome = rule(value);
        if ('cell' in outcome) row[name] = outcome.cell;
        else report(outcome.message, index, name);
      }
      for (const name of Object.keys(given))
        if (!known.has(name)) report(unknownFeature(definition, name), index, name);
      read.push(row);
    }
    if (errors.length > 0) throw requestInvalid(errors);
    return read;
  };
}
