import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { lyingCases } from './fixtures/hostile-parquet.ts';
import { aDefinition, fruitHeader, fruitRows, validate } from './fixtures/validation.ts';

/*
 * What comes in odd, broken or hostile files, kind by kind, through the gate as it is deployed. What it said is the table of
 * docs/hostile-input.md; vitest -u writes that anew.
 */

const definition = aDefinition();
const rows = fruitRows(30);
const good = [fruitHeader, ...rows].join('\n');
const csv = (...lines: string[]) => [fruitHeader, ...lines, ''].join('\n');
const jsonRow = (i: number, more = '') =>
  `{"weight":${i},"seeds":1,"colour":"red","kind":"${i % 2 ? 'apple' : 'pear'}"${more}}`;
const jsonl = (...lines: string[]) =>
  [...Array.from({ length: 20 }, (_, i) => jsonRow(i)), ...lines].join('\n');
const latin = (text: string) => Buffer.from(text, 'latin1');
const manyNames = Array.from({ length: 19_000 }, (_, i) => `x${i}`);
/** Megabytes of one line over and over, packed. */
const bomb = (line: string, mib: number) =>
  gzipSync(Buffer.concat([Buffer.from(`${fruitHeader}\n`), Buffer.alloc(mib << 20, line)]));

type Wanted = 'accepted' | 'kept out' | 'rejected';
interface Kind {
  kind: string;
  wanted: Wanted;
  content: string | Uint8Array;
  ending?: string;
  metadata?: Record<string, string>;
}

const kinds: Kind[] = [
  { kind: 'an empty file', wanted: 'rejected', content: '' },
  { kind: 'a header alone', wanted: 'rejected', content: `${fruitHeader}\n` },
  { kind: 'a ragged row', wanted: 'kept out', content: csv('1,1,red', ...rows) },
  { kind: 'a quote that is not closed', wanted: 'rejected', content: csv(...rows, '1,1,"red,apple') },
  { kind: 'Latin-1', wanted: 'rejected', content: latin(csv(...rows, '1,1,caf\xe9,apple')) },
  { kind: 'UTF-16', wanted: 'rejected', content: Buffer.from(`\ufeff${good}`, 'utf16le') },
  { kind: 'a byte order mark, CRLF', wanted: 'accepted', content: `\ufeff${good.replaceAll('\n', '\r\n')}` },
  { kind: 'lines that end with CR alone', wanted: 'rejected', content: good.replaceAll('\n', '\r') },
  { kind: 'cells between semicolons', wanted: 'rejected', content: good.replaceAll(',', ';') },
  { kind: 'a decimal comma', wanted: 'kept out', content: csv('"1,5",1,red,apple', ...rows) },
  { kind: 'a column twice', wanted: 'rejected', content: good.replace('seeds', 'weight') },
  { kind: 'columns without a name', wanted: 'accepted', content: good.replaceAll(/$/gm, ',,') },
  {
    kind: 'columns named `__proto__`, `constructor`',
    wanted: 'accepted',
    content: [`${fruitHeader},__proto__,constructor`, ...rows.map((row) => `${row},1,2`)].join('\n'),
  },
  {
    kind: 'JSON lines with `__proto__`',
    wanted: 'accepted',
    content: Array.from({ length: 20 }, (_, i) => jsonRow(i, ',"__proto__":{"weight":"x"}')).join('\n'),
    ending: 'jsonl',
  },
  {
    kind: 'a column named as a statement of SQL',
    wanted: 'accepted',
    content: [`${fruitHeader},"""; DROP TABLE checked; --"`, ...rows.map((row) => `${row},'; --`)].join('\n'),
  },
  {
    kind: '19,000 columns more',
    wanted: 'accepted',
    content: [`${fruitHeader},${manyNames}`, ...rows.map((row) => `${row},${manyNames.map(() => 7)}`)].join(
      '\n',
    ),
  },
  { kind: '400,000 columns', wanted: 'rejected', content: `${fruitHeader}${','.repeat(400_000)}\n1` },
  { kind: 'a number beyond double', wanted: 'kept out', content: csv('1e999,1,red,apple', ...rows) },
  {
    kind: 'one in JSON',
    wanted: 'kept out',
    content: jsonl('{"weight":1e999,"seeds":1,"kind":"pear"}'),
    ending: 'jsonl',
  },
  { kind: 'NaN as a word', wanted: 'kept out', content: csv('NaN,1,red,apple', ...rows) },
  { kind: 'inf as a word', wanted: 'kept out', content: csv('-inf,1,red,apple', ...rows) },
  {
    kind: 'a wrong type after 100,000 rows',
    wanted: 'kept out',
    content: csv(...fruitRows(100_000).map((row) => row.replace(/^\d+/, '5')), 'tall,1,red,apple'),
  },
  {
    kind: 'a cell of 900,000 characters',
    wanted: 'kept out',
    content: csv(`1,1,${'x'.repeat(900_000)},apple`, ...rows),
  },
  {
    kind: 'a line over 1 MiB',
    wanted: 'rejected',
    content: csv(...rows, `1,1,${'x'.repeat(1_100_000)},apple`),
  },
  {
    kind: 'JSON 200,000 lists deep',
    wanted: 'accepted',
    content: jsonl(jsonRow(1, `,"x":${'['.repeat(200_000)}${']'.repeat(200_000)}`)),
    ending: 'jsonl',
  },
  {
    kind: 'JSON 200,000 lists deep in a column',
    wanted: 'kept out',
    content: jsonl(`{"weight":${'['.repeat(200_000)}${']'.repeat(200_000)},"seeds":1,"kind":"pear"}`),
    ending: 'jsonl',
  },
  { kind: 'a list of JSON instead of lines', wanted: 'rejected', content: '[{"weight":1}]', ending: 'jsonl' },
  {
    kind: 'a JSON object that names a column twice',
    wanted: 'kept out',
    content: jsonl('{"weight":1,"weight":2}'),
    ending: 'jsonl',
  },
  { kind: 'a gzip bomb of rows', wanted: 'rejected', content: bomb('1,1,red,apple\n', 64), ending: 'csv.gz' },
  { kind: 'a gzip bomb of one line', wanted: 'rejected', content: bomb('x', 64), ending: 'csv.gz' },
  { kind: 'a gzip bomb of blank lines', wanted: 'rejected', content: bomb('\n', 64), ending: 'csv.gz' },
  { kind: 'gzip in gzip', wanted: 'rejected', content: gzipSync(gzipSync(good)), ending: 'csv.gz' },
  {
    kind: 'gzip that is cut off',
    wanted: 'rejected',
    content: gzipSync(good).subarray(0, 100),
    ending: 'csv.gz',
  },
  {
    kind: 'gzip with something behind it',
    wanted: 'rejected',
    content: Buffer.concat([gzipSync(good), latin('more')]),
    ending: 'csv.gz',
  },
  { kind: 'gzip under the name of CSV', wanted: 'rejected', content: gzipSync(good) },
  {
    kind: 'a ZIP archive under the name of CSV',
    wanted: 'rejected',
    content: latin('PK\x03\x04\x14\x00\x00\x00\x08\x00'),
  },
  {
    kind: 'a ZIP archive under the name of gzip',
    wanted: 'rejected',
    content: latin('PK\x03\x04\x14\x00'),
    ending: 'csv.gz',
  },
  {
    kind: 'a tar archive under the name of CSV',
    wanted: 'rejected',
    content: `${'a.csv'.padEnd(512, '\0')}${good}`,
  },
  {
    kind: 'a picture under the name of CSV',
    wanted: 'rejected',
    content: latin('\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR'),
  },
  {
    kind: 'a picture under the name of Parquet',
    wanted: 'rejected',
    content: latin('\xff\xd8\xff\xe0\x00\x10JFIF\x00'),
    ending: 'parquet',
  },
  { kind: 'a PDF under the name of CSV', wanted: 'rejected', content: '%PDF-1.4\n' },
  {
    kind: 'a page of HTML under the name of CSV',
    wanted: 'rejected',
    content: '<!doctype html>\n<p>404</p>\n',
  },
  {
    kind: 'bits that flipped on the way',
    wanted: 'rejected',
    content: good.replace('100,0,red', '500,0,red'),
    metadata: { sha256: 'c0ffee'.repeat(11).slice(0, 64) },
  },
  {
    kind: 'a cell that a spreadsheet would run',
    wanted: 'kept out',
    content: csv('1,1,=1+1,apple', ...rows),
  },
  ...(await lyingCases()).map((each) => ({ ...each, ending: 'parquet', wanted: 'rejected' as const })),
];

interface Judged {
  found: Wanted;
  said: string;
  seconds: number;
  grownBytes: number;
}
const judged = new Map<string, Promise<Judged>>();

/** What the gate says of a kind; asked once, in whatever order. */
function judge(kind: Kind): Promise<Judged> {
  const found = judged.get(kind.kind) ?? judgeNow(kind);
  judged.set(kind.kind, found);
  return found;
}

async function judgeNow({ content, ending = 'csv', metadata }: Kind): Promise<Judged> {
  const before = process.memoryUsage().rss;
  const begun = performance.now();
  const { outcome, text } = await validate(definition, content, {
    key: `incoming/fruit/upload.${ending}`,
    maxSourceBytes: 32 << 20,
    ...(metadata ? { metadata } : {}),
  });
  const isClean = outcome.rows.quarantined === 0;
  const found = outcome.verdict === 'rejected' ? 'rejected' : isClean ? 'accepted' : 'kept out';
  const [problem] = JSON.parse(text('report.json')).problems;
  return {
    found,
    said: found === 'accepted' ? '' : (outcome.reasons[0] ?? problem.message),
    seconds: (performance.now() - begun) / 1000,
    grownBytes: process.memoryUsage().rss - before,
  };
}

describe('the gate', () => {
  it.each(kinds)(
    'takes $kind: $wanted',
    async (kind) => {
      const { found, said, seconds, grownBytes } = await judge(kind);
      expect([found, said]).toEqual([kind.wanted, said]);
      expect(said).not.toMatch(/work-|\/tmp/);
      expect(seconds).toBeLessThan(60);
      expect(grownBytes).toBeLessThan(1200 << 20);
    },
    120_000,
  );

  it('makes the same dataset of a good file after all of them', async () => {
    const before = await validate(definition, good);
    for (const kind of kinds) await judge(kind);
    const after = await validate(definition, good);
    expect(after.outcome).toMatchObject({ verdict: 'accepted', rows: { accepted: 30, quarantined: 0 } });
    expect(after.bytes('train.parquet')).toEqual(before.bytes('train.parquet'));
  }, 300_000);

  it('does what the page says', async () => {
    const lines: string[] = [];
    for (const kind of kinds) {
      const { found, said } = await judge(kind);
      const happens = found === 'kept out' ? 'the row is kept out' : `the file is ${found}`;
      lines.push(`| ${kind.kind} | ${happens} | ${cell(said)} |`);
    }
    const table = `| what comes | what happens | what is said |\n|---|---|---|\n${lines.join('\n')}\n`;
    await expect(head + table + tail).toMatchFileSnapshot('../../docs/hostile-input.md');
  }, 300_000);
});

function cell(text: string): string {
  if (text === '') return '';
  const most = 160;
  const shown = text.length > most ? `${text.slice(0, most)}…` : text;
  return `\`${shown.replaceAll('|', '\\|').replaceAll('`', "'")}\``;
}

const head = `# Hostile and odd input

What the gate does with it; the champion stays as it is whenever a file is rejected, and the next good upload works. The table is
written by \`lib/data/hostile-input.test.ts\`, from what the gate said. A rejected file names its reason in the run and the report; rows
that are kept out stand in the report by line, and in \`quarantine.jsonl\`. More of them than the definition allows reject the file.

`;

const tail = `
What is seen on an engine, with IAM checks on (\`test/end-to-end/uploads.test.ts\`):

| what comes | what happens |
|---|---|
| keys with spaces, plus signs, unicode, quotes, \`../\` | a key is a name and no path: the object of that very key is read |
| an upload that is overwritten while it waits or is read | the version that was announced is read; the newer one has its own run |
| an upload that is deleted before it is read | the run fails with \`upload-missing\` |
| five hundred uploads in a burst | one run at a time, the newest waiting one next, the others superseded; none is lost |
| many files of which one cannot be read | all are refused, and all such files are named |

Text of a file is stored as it came. Where it is shown in a table of a report, what a spreadsheet would run as a formula begins with
an apostrophe; control characters and those that turn text around are shown as a sign of their own, in reports and in the terminal.
\`data export\` is an archive of the very objects. Nothing read is text of a statement of SQL: names are places, values parameters.

What no reader can see: a bit that flipped in a file before it was uploaded and left it well-formed. The command states the digest of
what it uploads, and S3 and the gate hold the bytes to it; who uploads otherwise can do so with \`--metadata sha256=…\`.
`;
