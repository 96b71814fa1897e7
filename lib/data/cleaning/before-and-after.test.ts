import { describe, expect, it } from 'vitest';
import { type DatasetReport, datasetReport } from '../dataset.ts';
import { aDefinition, validate } from '../fixtures/validation.ts';
import { countBins } from '../profile.ts';

const definition = aDefinition({
  features: {
    weight: { type: 'number', min: 0, max: 1000, outliers: { action: 'quarantine' } },
    size: { type: 'number', mayBeMissing: true, outliers: { method: 'z-score', factor: 1, action: 'clip' } },
    seeds: { type: 'integer', min: 0 },
    colour: {
      type: 'category',
      categories: ['red', 'green'],
      normalise: { case: 'lower' },
      mayBeMissing: true,
      impute: { strategy: 'constant', value: 'green' },
    },
    note: { type: 'text', mayBeMissing: true },
    phone: { type: 'text', personalData: 'contact', mayBeMissing: true },
  },
  data: { minRows: 2, maxRejectedShare: 0.9, duplicates: 'drop' },
});
const header = 'weight,size,seeds,colour,note,phone,kind';
const sound = Array.from(
  { length: 60 },
  (_, i) =>
    `${300 + ((i * 7) % 41)},${i % 10 === 0 ? '' : i},${i % 6},${['red', 'green', ' RED', ''][i % 4]},${'x'.repeat(i % 9)},555-${i},${i % 2 ? 'apple' : 'pear'}`,
);
const dirty = [
  ...sound,
  sound[1],
  sound[1],
  '999,5,1,red,far,555,apple',
  '5000,6,1,red,beyond,555,apple',
  'heavy,7,2,plum,words,555,pear',
  '310,8,-1,Green,,555,pear',
  '310,1e300,3,green,,555,pear',
];

async function reportOf(
  lines: readonly (string | undefined)[],
  changed = definition,
): Promise<{ report: DatasetReport; page: string }> {
  const { text } = await validate(changed, [header, ...lines].join('\n'));
  return { report: datasetReport.parse(JSON.parse(text('report.json'))), page: text('report.html') };
}

/** Of one column: its distribution, the cells of the file, and the edges. */
function columnOf({ beforeAndAfter }: DatasetReport, name: string, lines: readonly (string | undefined)[]) {
  const distribution = beforeAndAfter.find(({ column }) => column === name)?.distribution;
  if (!distribution) throw new Error(`${name} has no distribution`);
  const place = header.split(',').indexOf(name);
  return { ...distribution, cells: lines.map((line) => line?.split(',')[place] ?? '') };
}

const sumOf = (counts: readonly number[] = []) => counts.reduce((total, count) => total + count, 0);

describe('beforeAndAfter', { timeout: 60_000 }, () => {
  it('counts all rows that came and all that are left, over the same bins', async () => {
    const { report } = await reportOf(dirty);
    expect(report.rows).toMatchObject({ read: 67, accepted: 60 });
    for (const name of ['weight', 'size', 'seeds', 'colour', 'note', 'kind']) {
      const { before, after } = columnOf(report, name, dirty);
      expect(sumOf(before?.counts) + (before?.other ?? 0) + (before?.missing ?? 0)).toBe(67);
      expect(sumOf(after.counts) + after.other + after.missing).toBe(60);
    }
  });

  it('has every number before that the file has, and after those of the rows that are left', async () => {
    const { report } = await reportOf(dirty);
    const { edges, before, after, cells } = columnOf(report, 'weight', dirty);
    const numbers = cells.filter((cell) => cell !== 'heavy').map(Number);
    expect(before).toEqual({ counts: countBins(numbers, edges), other: 1, missing: 0 });
    expect(after.counts).toEqual(
      countBins(
        sound.map((line) => Number(line.split(',')[0])),
        edges,
      ),
    );
  });

  it('moves outliers to their limits and fills what is missing, as the model does', async () => {
    const { report } = await reportOf(dirty);
    const { edges, before, after, cells } = columnOf(report, 'size', dirty);
    const finite = cells.filter((cell) => cell !== '' && cell !== '1e300').map(Number);
    expect(before).toEqual({ counts: countBins(finite, edges), other: 1, missing: 6 });
    const [fill] = report.cleaning.filter(({ step, column }) => step === 'imputation' && column === 'size');
    const [clip] = report.cleaning.filter(({ step, column }) => step === 'outliers' && column === 'size');
    const median = Number(/median, ([\d.]+)/.exec(fill?.message ?? '')?.[1]);
    const [low = 0, high = 0] = (clip?.message.match(/-?\d+\.\d+/g) ?? []).map(Number);
    const taken = sound.map((line) => {
      const cell = line.split(',')[1];
      return cell === '' ? median : Math.min(Math.max(Number(cell), low), high);
    });
    expect(clip?.count).toBeGreaterThan(10);
    expect(after).toEqual({ counts: countBins(taken, edges), other: 0, missing: 0 });
    // One deviation lies inside the deciles: what lies beyond fills the bin of the limit.
    expect(after.counts[0]).toBe(0);
    expect(after.counts.at(-1)).toBe(0);
  });

  it('counts spellings before as what they are, and what is no category', async () => {
    const { report } = await reportOf(dirty);
    const { values, before, after, cells } = columnOf(report, 'colour', dirty);
    const many = (...names: string[]) => cells.filter((cell) => names.includes(cell)).length;
    expect(values).toEqual(['green', 'red']);
    expect(before).toEqual({
      counts: [many('green'), many('red')],
      other: many(' RED', 'Green', 'plum'),
      missing: many(''),
    });
    expect(after).toEqual({ counts: [30, 30], other: 0, missing: 0 });
  });

  it('shows two shapes where cleaning changed something, and else says so', async () => {
    const { page } = await reportOf(dirty);
    expect(page.match(/aria-label="before cleaning"/g)).toHaveLength(3);
    expect(page.match(/aria-label="after cleaning"/g)).toHaveLength(3);
    expect(page.match(/<small>beside one that is no number<\/small>/g)).toHaveLength(2);
    const others = [...page.matchAll(/title="other">other<\/span>.*?<span class="number">(\d+)<\/span>/g)];
    expect(others.map(([, count]) => count)).toEqual(['17', '0']);
    expect(page).not.toMatch(/NaN|undefined|Infinity|null/);

    const clean = sound.map(
      (_, i) => `${300 + i},${i},${i % 6},red,${'x'.repeat(i % 9)},555-${i},${i % 2 ? 'apple' : 'pear'}`,
    );
    const plain = aDefinition({
      features: { ...definition.features, size: { type: 'number', mayBeMissing: true } },
      data: { minRows: 2, duplicates: 'drop' },
    });
    const { report, page: tidy } = await reportOf(clean, plain);
    expect(report.rows.accepted).toBe(60);
    expect(tidy.match(/<span class="quiet">unchanged<\/span>/g)?.length).toBeGreaterThan(4);
    expect(tidy).not.toContain('aria-label="before cleaning"');
  });

  it('tells nothing of personal values, before or after', async () => {
    const { report } = await reportOf(dirty);
    const phone = report.beforeAndAfter.find(({ column }) => column === 'phone');
    expect(phone).toMatchObject({ distribution: null, before: { min: null, max: null } });
  });

  it('tells nothing from before where rows of small groups are suppressed: the difference would be those rows', async () => {
    const suppressing = aDefinition({
      features: definition.features,
      data: { minRows: 2, maxRejectedShare: 0.9, duplicates: 'drop' },
      privacy: { anonymity: { columns: ['seeds'], k: 5, action: 'suppress' } },
    });
    const { report, page } = await reportOf([...dirty, '310,9,77,red,,555,apple'], suppressing);
    expect(report.anonymity).toMatchObject({ rowsBelow: 1 });
    for (const { column, before, distribution } of report.beforeAndAfter) {
      expect(before).toMatchObject({ min: null, max: null, mean: null });
      if (column !== 'phone') expect(distribution).toMatchObject({ before: null });
    }
    expect(page).toContain('not shown: rows of small groups were left out');
  });

  it('has none where no row is left to train on', async () => {
    const { report } = await reportOf(['x,1,1,red,,,apple', '-1,1,1,red,,,pear']);
    expect(report.beforeAndAfter.map(({ distribution }) => distribution)).toEqual(Array(7).fill(null));
  });
});
