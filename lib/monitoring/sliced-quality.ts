import { partRows } from '../evaluation/parts.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { ReferenceSlice } from './answer-reference.ts';
import type { LabelledRow } from './labelled-rows.ts';
import { measureQuality, type QualityLimits } from './quality.ts';

export interface SliceQuality {
  feature: string;
  slice: string;
  sample: number;
  /** Null with fewer labels than the slice asks for. */
  value: number | null;
  interval: [number, number] | null;
  /** The same of the held-out rows when the version was evaluated. */
  evaluated: number | null;
}

/** Live quality in each slice that the gate holds; a feature that holds personal data is not captured and left out. */
export function judgeSlices(
  rows: readonly LabelledRow[],
  { gate, features }: Pick<ModelDefinition, 'gate' | 'features'>,
  { metric }: Pick<QualityLimits, 'metric'>,
  reference: readonly ReferenceSlice[],
): SliceQuality[] {
  return gate.slices
    .filter(({ feature }) => features[feature]?.personalData === 'none')
    .flatMap((rule) =>
      partRows(
        rows.map((row) => row.features),
        rule,
      ).map(({ name, positions }) => {
        const { feature, leastRows } = rule;
        const evaluated =
          reference.find((each) => each.feature === feature && each.slice === name)?.value ?? null;
        const ofSlice = positions.flatMap((position) => rows[position] ?? []);
        const measured = ofSlice.length < leastRows ? null : measureQuality(ofSlice, metric);
        const found = { value: measured?.value ?? null, interval: measured?.interval ?? null };
        return { feature, slice: name, sample: ofSlice.length, ...found, evaluated };
      }),
    );
}
