/** One measured figure beside the limit it is held to. */
export interface Figure {
  name: string;
  /** Every measurement, in the unit. */
  values: number[];
  /** `1` is a plain number. */
  unit: 's' | 'ms' | 'MB' | 'rows' | '1';
  limit: number;
  /** Whether the limit is what it must reach; else what it must not go beyond. */
  isLeast: boolean;
  isMet: boolean;
}

export type Suite = (context: { say: (line: string) => void }) => Promise<Figure[]>;

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** A figure is met when its median is within the limit; one that could not be measured is not. */
export function figure(name: string, values: number[], unit: Figure['unit'], limit: number): Figure {
  return { name, values, unit, limit, isLeast: false, isMet: values.length > 0 && median(values) <= limit };
}

/** The same for what should be large. */
export function figureAtLeast(name: string, values: number[], unit: Figure['unit'], limit: number): Figure {
  return { name, values, unit, limit, isLeast: true, isMet: values.length > 0 && median(values) >= limit };
}

export function printFigures(figures: Figure[], asJson: boolean): void {
  if (asJson) {
    process.stdout.write(
      `${JSON.stringify({ figures: figures.map((one) => ({ ...one, median: median(one.values) })) }, null, 2)}\n`,
    );
    return;
  }
  const width = Math.max(...figures.map(({ name }) => name.length));
  for (const { name, values, unit, limit, isLeast, isMet } of figures) {
    const shown = (value: number) => {
      if (unit === '1') return value.toPrecision(2);
      return `${value.toFixed(unit === 'ms' || unit === 'rows' ? 0 : 1)}`;
    };
    const suffix = unit === '1' ? '' : ` ${unit}`;
    const spread = `${shown(Math.min(...values))} to ${shown(Math.max(...values))}, n = ${values.length}`;
    const measured = values.length > 0 ? `${shown(median(values))}${suffix} (${spread})` : 'not measured';
    const bound = `${isLeast ? 'at least ' : 'limit '}${Number(limit.toPrecision(3))}${suffix}`;
    process.stdout.write(`${isMet ? 'met ' : 'MISS'}  ${name.padEnd(width)}  ${measured}, ${bound}\n`);
  }
}
