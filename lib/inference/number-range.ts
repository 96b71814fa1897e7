import type { Feature } from '../model/features.ts';

/** What a number of a feature may be. */
export interface NumberRange {
  min: number;
  max: number;
  isInteger: boolean;
}

/** Models take 32-bit numbers: the next double, 2^128 - 2^103, becomes infinite there. */
const largest = 2 ** 128 - 2 ** 103 - 2 ** 75;

/** Of a feature that is no number, booleans as 0 and 1; nothing fits texts. */
export function rangeOf(feature: Feature): NumberRange {
  switch (feature.type) {
    case 'boolean':
      return { min: 0, max: 1, isInteger: true };
    case 'number':
      return { ...boundsOf(feature, largest), isInteger: false };
    case 'integer':
      return { ...boundsOf(feature, Number.MAX_SAFE_INTEGER), isInteger: true };
    default:
      return { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, isInteger: false };
  }
}

const boundsOf = ({ min, max }: { min?: number | undefined; max?: number | undefined }, most: number) => ({
  min: Math.max(min ?? -most, -most),
  max: Math.min(max ?? most, most),
});

/** Never so of NaN. */
export const isWithin = ({ min, max, isInteger }: NumberRange, value: number): boolean =>
  value >= min && value <= max && (!isInteger || Number.isInteger(value));
