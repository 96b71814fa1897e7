import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { quarantinedRow } from './dataset.ts';
import { aDefinition, fruitHeader, fruitRows, textLike, validate } from './fixtures/validation.ts';

const definition = aDefinition();
const csv = (...rows: string[]) => [fruitHeader, ...rows, ''].join('\n');
const jsonl = (...rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const quarantineOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => quarantinedRow.parse(JSON.parse(line)));

describe('validateDataset of JSON lines', () => {
  const row = (i: number) => ({
    weight: 100 + i,
    seeds: i,
    colour: i % 3 === 0 ? null : 'red',
    kind: i % 2 === 0 ? 'apple' : 'pear',
    more: [i],
  });
  const key = 'incoming/fruit/upload.jsonl';

  it('keeps out rows by type and by shape', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => row(i));
    const content = `${jsonl({ ...row(1), weight: '5' }, { ...row(2), colour: 3 })}not json\n[]\n\n${jsonl({ kind: 'apple' }, ...rows)}`;
    const { outcome, text } = await validate(definition, content, { key });
    expect(outcome.rows).toMatchObject({ read: 17, accepted: 12, quarantined: 5 });
    const problems = quarantineOf(text('quarantine.jsonl')).flatMap((kept) =>
      kept.problems.map(({ message }) => message),
    );
    expect(problems).toEqual([
      'line 1: weight is "5"; a JSON number, without quotes, is needed',
      'line 2: colour is "3"; a JSON string, in quotes, is needed',
      'line 3: the row is not JSON',
      'line 4: the row is JSON, but not an object with a value for each column',
      'line 6: weight is missing',
      'line 6: seeds is missing',
    ]);
  });

  it('makes of the same rows what CSV makes of them', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => row(i));
    const asCsv = csv(
      ...rows.map(({ weight, seeds, colour, kind }) => [weight, seeds, colour ?? '', kind].join(',')),
    );
    const [one, other] = [
      await validate(definition, asCsv),
      await validate(definition, jsonl(...rows), { key }),
    ];
    expect(other.bytes('train.parquet')).toEqual(one.bytes('train.parquet'));
    expect(other.bytes('test.parquet')).toEqual(one.bytes('test.parquet'));
  });

  it.each([
    ['an array', '[{"weight":1}]', 'line 1: the file is a JSON array; write one object on each line'],
    ['blank lines', '\n\n', 'the file is empty'],
    ['a name nobody writes', jsonl({ weight: 1, seeds: 1, kind: 'pear' }), /^column "colour" is missing/],
    [
      'another encoding',
      Buffer.from('{"kind":"\xe9"}', 'latin1'),
      'line 1: the text is not UTF-8; save the file as UTF-8',
    ],
  ])('rejects %s', async (_, content, reason) => {
    const { outcome } = await validate(definition, content, { key });
    expect(outcome.reasons).toEqual([textLike(reason)]);
  });
});

describe('validateDataset of gzip', () => {
  const key = 'incoming/fruit/upload.csv.gz';

  it('reads what is packed', async () => {
    const { outcome } = await validate(definition, gzipSync(csv(...fruitRows(30))), { key });
    expect(outcome.rows.accepted).toBe(30);
  });

  it('stops unpacking at the limit', async () => {
    const bomb = gzipSync(`${fruitHeader}\n${'1,1,red,apple\n'.repeat(100_000)}`);
    const { outcome } = await validate(definition, bomb, { key, maxSourceBytes: 100_000 });
    expect(outcome.reasons).toEqual(['the text is longer than the limit of 100000 bytes']);
  });

  it.each([
    ['is cut off', gzipSync(csv(...fruitRows(3000))).subarray(0, -20)],
    ['is no gzip', csv(...fruitRows(30))],
    ['has a flipped bit', gzipSync(csv(...fruitRows(3000))).map((byte, i) => (i === 2000 ? byte ^ 4 : byte))],
  ])('rejects a file that %s', async (_, content) => {
    const { outcome } = await validate(definition, content, { key });
    expect(outcome.reasons).toEqual([
      expect.stringMatching(/the gzip file is damaged or cut off|cannot be used|opened/),
    ]);
    expect(outcome.verdict).toBe('rejected');
  });
});
