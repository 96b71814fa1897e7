import { metricsOf } from '../model/metric-names.ts';
import type { Interval } from './bootstrap.ts';
import { figuresOf, intervalsOf } from './measure.ts';
import type { Sample } from './sample.ts';

const general = new Set([...metricsOf('ranking'), ...metricsOf('regression')]);

export interface MeasuredFigures {
  metrics: Record<string, number | null>;
  intervals: Record<string, Interval>;
}

/** The figures of a sample that are not of single classes, with their intervals; null stands for what is no number. */
export function measuredFigures(sample: Sample, seed: number): MeasuredFigures {
  const isGeneral = ([name]: [string, unknown]) => general.has(name);
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  const figures = Object.entries(figuresOf(sample)).filter(isGeneral);
  return {
    metrics: Object.fromEntries(figures.map(([name, value]) => [name, finite(value)])),
    intervals: Object.fromEntries(Object.entries(intervalsOf(sample, seed)).filter(isGeneral)),
  };
}
