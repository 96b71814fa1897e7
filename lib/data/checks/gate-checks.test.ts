import { describe, expect, it } from 'vitest';
import type { ModelDefinitionInput } from '../../model/definition.ts';
import { seededRandom } from '../../shared/random.ts';
import { datasetProfile, datasetReport } from '../dataset.ts';
import { aDefinition, validate } from '../fixtures/validation.ts';

const now = new Date('2026-11-23T10:00:00Z');
type Checks = NonNullable<ModelDefinitionInput['data']>['checks'];
type DataInput = NonNullable<ModelDefinitionInput['data']>;

function model(data: DataInput = {}, changes: Partial<ModelDefinitionInput> = {}) {
  return aDefinition({
    data: { minRows: 2, maxRejectedShare: 0.5, ...data },
    ...changes,
  });
}

/** Rows in which nothing is wrong: weight and seeds tell little of the kind. */
function rows(n: number, seed = 1): string[][] {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () => {
    const isPear = random() < 0.5;
    const weight = (300 + 200 * (random() + random() - 1) + (isPear ? 60 : 0)).toFixed(2);
    return [
      weight,
      String(Math.floor(random() * 9)),
      random() < 0.5 ? 'red' : 'green',
      isPear ? 'pear' : 'apple',
    ];
  });
}

const names = ['weight', 'seeds', 'colour', 'kind'];
const csv = (lines: string[][], header = names) =>
  [header, ...lines].map((cells) => cells.join(',')).join('\n');

async function check(
  definition: ReturnType<typeof model>,
  content: string,
  earlier?: Parameters<typeof validate>[2],
) {
  const { outcome, text } = await validate(definition, content, { now, ...earlier });
  const report = datasetReport.parse(JSON.parse(text('report.json')));
  return {
    outcome,
    report,
    of: (name: string, column?: string | null) =>
      report.checks.find((each) => each.check === name && (column === undefined || each.column === column)),
    profile: () => datasetProfile.parse(JSON.parse(text('profile.json'))),
  };
}

describe('the gate', () => {
  it('finds nothing in sound rows, and scores them', async () => {
    const { report } = await check(model(), csv(rows(600)));
    expect(report.reasons).toEqual([]);
    expect(report.warnings).toEqual([]);
    expect(report.families.map(({ family, score }) => [family, score])).toEqual([
      ['accuracy', 1],
      ['completeness', 1],
      ['consistency', 1],
      ['reliability', 1],
    ]);
  });

  it('prints each score with its formula', async () => {
    const lines = rows(200);
    lines[0] = ['x', '1', 'red', 'pear'];
    lines[1] = ['120', '1', '', 'apple'];
    lines[2] = lines[3] ?? [];
    const { report } = await check(model(), csv(lines));
    expect(report.families).toMatchObject([
      { score: 798 / 799, formula: expect.stringContaining('= 798 / 799') },
      { score: 799 / 800, formula: expect.stringContaining('= 799 / 800') },
      { score: 199 / 200, formula: expect.stringContaining('= 199 / 200') },
      { score: 1 },
    ]);
  });
});

describe('a column that leaks the target', () => {
  const withLeak = (n: number) =>
    rows(n).map(([weight = '', , colour = '', kind = '']) => [
      weight,
      kind === 'pear' ? '7' : '2',
      colour,
      kind,
    ]);

  it('rejects the file with its name and what to do', async () => {
    const { outcome, of } = await check(model(), csv(withLeak(2000)));
    expect(outcome.verdict).toBe('rejected');
    expect(outcome.reasons).toEqual([
      expect.stringMatching(
        /^seeds alone tells 100% of what there is to know about kind .*take it out if it is not known/,
      ),
    ]);
    expect(of('leak', 'weight')).toMatchObject({ status: 'passed' });
  });

  it('is not proven by few rows', async () => {
    const { outcome, of } = await check(model(), csv(withLeak(100)));
    expect(outcome.verdict).toBe('accepted');
    expect(of('leak', 'seeds')).toMatchObject({ status: 'passed', value: 1 });
  });

  it('leaks by where it is missing, too', async () => {
    const lines = rows(2000).map(([weight = '', seeds = '', , kind = '']) => [
      weight,
      seeds,
      kind === 'pear' ? '' : 'red',
      kind,
    ]);
    const { outcome } = await check(model(), csv(lines));
    expect(outcome.reasons).toEqual([expect.stringContaining('colour alone tells 100%')]);
  });

  it('only warns, or says nothing, when the definition wants it so', async () => {
    const leak = (action: 'warn' | 'off') => model({ checks: { leak: { action } } });
    const warned = await check(leak('warn'), csv(withLeak(2000)));
    expect(warned.outcome.verdict).toBe('accepted');
    expect(warned.report.warnings).toEqual([expect.stringContaining('seeds alone tells 100%')]);
    const off = await check(leak('off'), csv(withLeak(2000)));
    expect(off.of('leak')).toBeUndefined();
  });

  it('is no identifier with as many values as rows', async () => {
    const lines = rows(2000).map(([, , colour = '', kind = ''], place) => [
      String(place / 4),
      '1',
      colour,
      kind,
    ]);
    expect((await check(model(), csv(lines))).of('leak', 'weight')).toMatchObject({ status: 'passed' });
  });

  it.each([
    ['a straight line', (y: number) => 3 * y + 1, 'failed'],
    ['a curve', (y: number) => Math.exp(y / 100), 'failed'],
    ['a line that an honest column may be', (y: number, noise: number) => y + 40 * noise, 'passed'],
    ['a line with much noise', (y: number, noise: number) => y + 400 * noise, 'passed'],
  ])('of a numeric target is %s', async (_, leak, status) => {
    const random = seededRandom(4);
    const definition = aDefinition({
      task: 'regression',
      features: { size: { type: 'number' }, other: { type: 'number' } },
      target: { name: 'price', type: 'number' },
    });
    const lines = Array.from({ length: 3000 }, () => {
      const price = 1000 * random();
      return [leak(price, random()).toFixed(6), random().toFixed(6), price.toFixed(6)];
    });
    const { of } = await check(definition, csv(lines, ['size', 'other', 'price']));
    expect(of('leak', 'size')).toMatchObject({ status });
    expect(of('leak', 'other')).toMatchObject({ status: 'passed' });
  });

  it('of a numeric target is not made by one row far out', async () => {
    const random = seededRandom(5);
    const definition = aDefinition({
      task: 'regression',
      features: { size: { type: 'number' } },
      target: { name: 'price', type: 'number' },
    });
    const lines = Array.from({ length: 500 }, () => [random().toFixed(6), random().toFixed(6)]);
    lines[0] = ['1000000', '1000000'];
    expect((await check(definition, csv(lines, ['size', 'price']))).of('leak', 'size')).toMatchObject({
      status: 'passed',
    });
  });
});

describe('rules and patterns', () => {
  const columns: DataInput['columns'] = {
    code: { type: 'text', mayBeMissing: true },
    picked: { type: 'timestamp' },
    sold: { type: 'timestamp', mayBeMissing: true },
  };
  const header = [...names, 'code', 'picked', 'sold'];
  const times = (more: string[][]) =>
    rows(60).map((cells, place) => [
      ...cells,
      ...(more[place] ?? ['AB1', '2026-11-20T08:00:00Z', '2026-11-21']),
    ]);
  const rules: Checks = {
    patterns: [{ column: 'code', pattern: '[A-Z]{2}[0-9]' }],
    rules: [
      { name: 'sold after picked', must: { column: 'sold', is: '>=', otherColumn: 'picked' } },
      {
        name: 'heavy ones are green',
        when: { column: 'weight', is: '>', value: 900 },
        must: { column: 'colour', is: 'in', values: ['green'] },
      },
    ],
  };

  it('put rows aside with line and reason', async () => {
    const lines = times([
      ['ab1', '2026-11-20T08:00:00Z', '2026-11-21'],
      ['AB1', '2026-11-20T08:00:00Z', '2026-11-19T23:59:59Z'],
      ['AB1', '2026-11-20T08:00:00+02:00', ''],
      ['AB1', 'yesterday', ''],
    ]);
    lines[5] = ['950', '1', 'red', 'pear', 'AB1', '2026-11-20', '2026-11-21'];
    const { outcome, report, of } = await check(model({ columns, checks: rules }), csv(lines, header));
    expect(outcome.rows).toMatchObject({ read: 60, quarantined: 4, accepted: 56 });
    expect(report.problems.map(({ message }) => message)).toEqual([
      'line 2: code is "ab1"; text that is [A-Z]{2}[0-9] as a whole is needed',
      'line 3: the rule "sold after picked" does not hold',
      'line 5: picked is "yesterday"; a time such as 2026-05-01T12:00:00Z is needed',
      'line 7: the rule "heavy ones are green" does not hold',
    ]);
    expect(report.problemsByRule).toEqual({ pattern: 1, rule: 2, type: 1 });
    expect(of('pattern')).toMatchObject({ family: 'accuracy', status: 'failed', count: 1 });
    expect(report.columns.map(({ name }) => name)).toEqual(names);
  });

  it('reject the file or warn when the definition says so', async () => {
    const lines = times([['AB1', '2026-11-20T08:00:00Z', '2026-11-19']]);
    const acting = (action: 'reject' | 'warn') =>
      model({
        columns,
        checks: {
          rules: [
            { name: 'sold after picked', must: { column: 'sold', is: '>=', otherColumn: 'picked' }, action },
          ],
        },
      });
    const rejected = await check(acting('reject'), csv(lines, header));
    expect(rejected.outcome.reasons).toEqual(['1 row breaks the rule "sold after picked", first on line 2']);
    const warned = await check(acting('warn'), csv(lines, header));
    expect(warned.outcome).toMatchObject({ verdict: 'accepted', rows: { accepted: 60 } });
    expect(warned.report.warnings).toEqual(['1 row breaks the rule "sold after picked", first on line 2']);
  });

  it.each([
    [100, []],
    [48, [expect.stringMatching(/^the newest picked is 74 hours old; at most 48 are allowed$/)]],
  ])('want rows that are at most %d hours old', async (maxAgeHours, reasons) => {
    const checks: Checks = { freshness: { column: 'picked', maxAgeHours } };
    expect((await check(model({ columns, checks }), csv(times([]), header))).outcome.reasons).toEqual(
      reasons,
    );
  });
});

describe('times and names', () => {
  const header = [...names, 'picked'];
  const picked = (time: string) =>
    csv(
      rows(40).map((cells) => [...cells, time]),
      header,
    );
  const columns: DataInput['columns'] = { picked: { type: 'timestamp', mayBeMissing: true } };
  const checks: Checks = { freshness: { column: 'picked', maxAgeHours: 48 } };

  it('reject rows from the future, and rows without any time', async () => {
    const future = await check(model({ columns, checks }), picked('2226-11-22'));
    expect(future.outcome.reasons).toEqual([
      expect.stringMatching(/^the newest picked lies \d+ hours in the future/),
    ]);
    expect((await check(model({ columns, checks }), picked(''))).outcome.reasons).toEqual([
      'picked holds no time',
    ]);
    expect((await check(model({ columns, checks }), picked('2026-11-23T14:00:00Z'))).outcome.reasons).toEqual(
      [],
    );
  });

  it('that look like SQL are names and nothing more', async () => {
    const odd = `a"b'); DROP TABLE placed; --`;
    const definition = model({
      columns: { [odd]: { type: 'text' } },
      checks: {
        patterns: [{ column: odd, pattern: `['"]+` }],
        rules: [{ name: odd, must: { column: odd, is: '!=', value: `'; DROP TABLE placed; --` } }],
        unique: [{ columns: [odd, 'weight'], action: 'warn' }],
        sources: { column: odd },
      },
    });
    const lines = rows(60).map((cells) => [...cells, `"'"`]);
    const { outcome, of } = await check(definition, csv(lines, [...names, `"${odd.replaceAll('"', '""')}"`]));
    expect(outcome).toMatchObject({ verdict: 'accepted', rows: { accepted: 60 } });
    expect(of('pattern', odd)).toMatchObject({ status: 'passed' });
  });
});

describe('rows that repeat or contradict others', () => {
  const keyed = (data: DataInput) => model(data, { identity: ['id'] });
  const lines = rows(40).map((cells, place) => [`k${place}`, ...cells]);
  lines[1] = ['k0', '111', '1', 'red', lines[0]?.[4] === 'pear' ? 'apple' : 'pear'];
  lines[3] = lines[2] ?? [];
  const header = ['id', ...names];

  it('are told by their identity, and conflicting labels on their own', async () => {
    const { outcome, of } = await check(keyed({}), csv(lines, header));
    expect(outcome.verdict).toBe('accepted');
    expect(of('identity')).toMatchObject({ status: 'failed', count: 2, action: 'warn' });
    expect(of('conflicting-labels')).toMatchObject({ status: 'failed', count: 2 });
    expect(of('duplicates')).toMatchObject({ count: 1 });
  });

  it.each([
    ['first', lines[0]?.[1]],
    ['last', '111'],
  ] as const)('leave the %s row of an identity', async (keyDuplicates, weight) => {
    const { outcome, report } = await check(keyed({ keyDuplicates, duplicates: 'drop' }), csv(lines, header));
    expect(outcome.rows).toMatchObject({ read: 40, accepted: 38, duplicates: 1 });
    expect(report.cleaning).toMatchObject([
      { step: 'exact-duplicates', count: 1 },
      { step: 'key-duplicates', column: 'id', count: 1 },
    ]);
    expect(weight).toBeDefined();
  });

  it('reject the file when columns must be unique', async () => {
    const unique = [{ columns: ['weight', 'seeds'] }];
    const repeated = rows(40);
    repeated[7] = [repeated[8]?.[0] ?? '', repeated[8]?.[1] ?? '', 'red', 'pear'];
    const { outcome } = await check(model({ checks: { unique } }), csv(repeated));
    expect(outcome.reasons).toEqual(
      ['1 row repeats weight, seeds of an earlier row; each may be there once'].map((text) =>
        expect.stringMatching(text.replace('repeats', 'repeats?')),
      ),
    );
    expect((await check(model({ checks: { unique } }), csv(rows(40)))).outcome.verdict).toBe('accepted');
  });

  it('flood the file when too many are nearly the same', async () => {
    const flooded = rows(400).map((cells, place) =>
      place < 60 ? [`250.${10 + place}`, '3', 'red', 'pear'] : cells,
    );
    const { of, report } = await check(model(), csv(flooded));
    expect(of('near-duplicates')).toMatchObject({
      status: 'failed',
      count: expect.any(Number),
      action: 'warn',
    });
    expect(of('near-duplicates')?.count).toBeGreaterThanOrEqual(55);
    expect(report.warnings).toEqual(expect.arrayContaining([expect.stringContaining('nearly equal rows')]));
    const rejecting = model({ checks: { nearDuplicates: { action: 'reject' } } });
    expect((await check(rejecting, csv(flooded))).outcome.verdict).toBe('rejected');
  });

  it('are not told apart closely where no number has many values', async () => {
    const coarse = rows(100).map(([, seeds = '', colour = '', kind = '']) => [
      String(Number(seeds) % 3),
      seeds,
      colour,
      kind,
    ]);
    expect((await check(model(), csv(coarse))).of('near-duplicates')).toMatchObject({ status: 'not-judged' });
  });
});

describe('columns as a whole', () => {
  it('warns of one value, and of a class that hardly occurs', async () => {
    const lines = rows(500).map(([weight = '', , colour = ''], place) => [
      weight,
      '4',
      colour,
      place < 3 ? 'pear' : 'apple',
    ]);
    const { report } = await check(model(), csv(lines));
    expect(report.warnings).toEqual([
      expect.stringMatching(/^the rarest class, pear, is 0.6\d*% of the rows; at least 1% is asked for$/),
      'seeds has one value in all rows and tells nothing',
    ]);
  });
});

describe('outliers', () => {
  const weight = { type: 'number', min: 0, max: 100_000 } as const;
  const features = (outliers: object) =>
    model(
      {},
      {
        features: {
          weight: { ...weight, outliers },
          seeds: { type: 'integer', min: 0 },
          colour: { type: 'category', categories: ['red', 'green'], mayBeMissing: true },
        },
      },
    );
  const lines = rows(400);
  lines[10] = ['90000', '1', 'red', 'pear'];
  lines[20] = ['80000', '1', 'red', 'apple'];

  it.each([
    ['flag', 400, 0],
    ['clip', 400, 0],
    ['quarantine', 398, 2],
  ] as const)('%s leaves %d rows', async (action, accepted, quarantined) => {
    const { outcome, report } = await check(features({ action, factor: 3 }), csv(lines));
    expect(outcome.rows).toMatchObject({ read: 400, accepted, quarantined });
    expect(report.cleaning).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          step: 'outliers',
          column: 'weight',
          count: 2,
          place: action === 'flag' ? 'none' : action === 'clip' ? 'model' : 'dataset',
        }),
      ]),
    );
    expect(report.problems.map(({ rule, line }) => [rule, line])).toEqual(
      action === 'quarantine'
        ? [
            ['outlier', 12],
            ['outlier', 22],
          ]
        : [],
    );
  });

  it('rejects a file of which no held-out row is left', async () => {
    const outliers = { action: 'quarantine', method: 'z-score', factor: 1e-9 };
    const { outcome } = await check(features(outliers), csv(lines));
    expect(outcome.verdict).toBe('rejected');
    expect(outcome.reasons).toEqual(expect.arrayContaining([expect.stringContaining('0 rows can be used')]));
    const few = rows(12).map((cells, place) => [place === 11 ? '90000' : '300', ...cells.slice(1)]);
    const definition = model(
      { split: { method: 'seeded', testShare: 0.05, seed: 3 } },
      {
        features: {
          weight: { ...weight, outliers: { action: 'quarantine' } },
          seeds: { type: 'integer', min: 0 },
          colour: { type: 'category', categories: ['red', 'green'], mayBeMissing: true },
        },
      },
    );
    const outcomes = await Promise.all(
      few.map((_, place) => {
        const moved = few.map((cells, row) => [row === place ? '90000' : '300', ...cells.slice(1)]);
        return check(definition, csv(moved));
      }),
    );
    const emptied = outcomes.filter(({ outcome: each }) =>
      each.reasons.some((reason) => reason.startsWith('without the rows that hold outliers')),
    );
    expect(emptied).toHaveLength(1);
  });

  it('rejects a source whose rows hold too many', async () => {
    const columns: DataInput['columns'] = { shop: { type: 'text' } };
    const checks: Checks = { sources: { column: 'shop', mostShare: 0.1 } };
    const definition = model(
      { columns, checks, duplicates: 'keep' },
      {
        features: {
          weight,
          seeds: { type: 'integer', min: 0 },
          colour: { type: 'category', categories: ['red', 'green'], mayBeMissing: true },
        },
      },
    );
    const sold = rows(600).map((cells, place) => {
      const shop = ['north', 'south', 'west'][place % 3] ?? '';
      return [...(shop === 'west' && place % 2 === 0 ? ['70000', ...cells.slice(1)] : cells), shop];
    });
    const { outcome, of } = await check(definition, csv(sold, [...names, 'shop']));
    expect(outcome.reasons).toEqual([
      expect.stringMatching(/^100 of 200 rows of shop west hold an outlier \(50%; at most 10%\)$/),
    ]);
    expect(of('source-outliers', 'shop')).toMatchObject({ status: 'failed' });
  });
});

describe('against the dataset of the champion', () => {
  const sound = () => check(model(), csv(rows(1500, 7)));

  it('finds the same distribution in other rows', async () => {
    const earlier = (await sound()).profile();
    const { report } = await check(model(), csv(rows(1500, 8)), { earlier });
    expect(report.warnings).toEqual([]);
    expect(report.comparedWith).toBe(earlier.datasetId);
    expect(report.checks.filter(({ check: name }) => name === 'shift')).toHaveLength(3);
  });

  it('warns of features and labels that moved, with PSI, KS and chi-square', async () => {
    const earlier = (await sound()).profile();
    const moved = rows(1500, 9).map(([weight = '', seeds = '', , kind = ''], place) => [
      String(Number(weight) + 60),
      seeds,
      place % 5 === 0 ? 'red' : 'green',
      place % 4 === 0 ? 'pear' : kind === 'pear' && place % 3 === 0 ? 'apple' : 'apple',
    ]);
    const { of } = await check(model(), csv(moved), { earlier });
    expect(of('shift', 'weight')).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('KS distance'),
    });
    expect(of('shift', 'colour')).toMatchObject({
      status: 'failed',
      message: expect.stringContaining("Cramér's V"),
    });
    expect(of('shift', 'seeds')).toMatchObject({ status: 'passed' });
    expect(of('label-shift')).toMatchObject({ status: 'failed', action: 'warn' });
    const rejecting = model({ checks: { labelShift: { action: 'reject' } } });
    expect((await check(rejecting, csv(moved), { earlier })).outcome.reasons).toEqual([
      expect.stringMatching(/^kind is distributed otherwise than in ds-/),
    ]);
  });

  it('says nothing of few rows', async () => {
    const earlier = (await sound()).profile();
    expect((await check(model(), csv(rows(60, 3)), { earlier })).of('shift', 'weight')).toMatchObject({
      status: 'not-judged',
    });
  });

  it('rejects labels that were flipped, and only warns when there is no earlier dataset', async () => {
    const clear = (n: number, seed: number, flipped: number) => {
      const random = seededRandom(seed);
      return csv(
        Array.from({ length: n }, () => {
          const isPear = random() < 0.5;
          const label = random() < flipped ? !isPear : isPear;
          // Two clouds well apart, each as wide as the gap, so that no column alone is a leak beside the flips.
          const weight = (isPear ? 600 : 200) + 150 * random();
          return [
            weight.toFixed(1),
            String(Math.floor(random() * 4) + (isPear ? 4 : 0)),
            'red',
            label ? 'pear' : 'apple',
          ];
        }),
      );
    };
    const calm = model({ checks: { leak: { action: 'off' } } });
    const earlier = (await check(calm, clear(800, 1, 0.02))).profile();
    expect(earlier.labelFlips).toMatchObject({ judged: expect.any(Number) });
    const flipped = clear(800, 2, 0.2);
    const { outcome } = await check(calm, flipped, { earlier });
    expect(outcome.reasons).toEqual([
      expect.stringMatching(/labels \(.*%\) contradict the rows most like theirs; in ds-/),
    ]);
    const alone = await check(calm, flipped);
    expect(alone.outcome.verdict).toBe('accepted');
    expect(alone.report.warnings).toEqual(
      expect.arrayContaining([expect.stringContaining('contradict the rows most like theirs')]),
    );
    expect((await check(calm, clear(800, 3, 0.02), { earlier })).outcome.verdict).toBe('accepted');
  });
});

describe('rows of a retrain', () => {
  it('have no columns but those of the model: what reads others is not asked', async () => {
    const columns: DataInput['columns'] = { sold: { type: 'timestamp' }, shop: { type: 'text' } };
    const checks: Checks = {
      patterns: [
        { column: 'shop', pattern: 'x' },
        { column: 'colour', pattern: 'red|green' },
      ],
      rules: [
        { name: 'sold lately', must: { column: 'sold', is: '>', value: '2026-01-01' } },
        { name: 'light', must: { column: 'weight', is: '<', value: 400 }, action: 'warn' },
      ],
      unique: [{ columns: ['shop', 'weight'] }],
      freshness: { column: 'sold', maxAgeHours: 1 },
      sources: { column: 'shop' },
    };
    const lines = rows(40).map(([weight, seeds, colour, kind]) =>
      JSON.stringify({ weight: Number(weight), seeds: Number(seeds), colour, kind }),
    );
    const definition = model({ columns, checks });
    const retrained = await check(definition, lines.join('\n'), { key: 'retrain/fruit/run-2.jsonl' });
    expect(retrained.outcome.reasons).toEqual([]);
    const asked = retrained.report.checks.filter(({ check: name }) =>
      ['pattern', 'rule', 'unique', 'freshness'].includes(name),
    );
    expect(asked.map(({ check: name, column }) => [name, column])).toEqual([
      ['pattern', 'colour'],
      ['rule', null],
    ]);
    const uploaded = await check(definition, lines.join('\n'), { key: 'incoming/fruit/a.jsonl' });
    expect(uploaded.outcome.reasons).toEqual([expect.stringMatching(/^columns "sold", "shop" are missing/)]);
  });
});
