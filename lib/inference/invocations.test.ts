import { describe, expect, it } from 'vitest';
import { aFlower, trainedPrices } from './fixtures/models.ts';
import { servingFlowers } from './fixtures/server.ts';

const columns = ['length', 'width', 'petals', 'wild', 'colour'];
const first = [5.1, 1.7, 5, true, 'red'];
const second = [7, null, 4, false, null];
const secondFlower = { length: 7, petals: 4, wild: false };
const csv = '5.1,1.7,5,true,red\n7,,4,false,\n';
const asCsv = { 'content-type': 'text/csv' };

const path = '/models/flowers/invocations';

async function expectedLabels(server: ReturnType<typeof servingFlowers>): Promise<unknown[]> {
  const { json } = await server.predict([aFlower, secondFlower]);
  return (json.predictions as { label: string }[]).map(({ label }) => label);
}

describe('POST /invocations', () => {
  it.each<[string, unknown]>([
    ['dataframe_split', { dataframe_split: { columns, data: [first, second] } }],
    ['dataframe_split with an index', { dataframe_split: { columns, index: [0, 1], data: [first, second] } }],
    [
      'dataframe_split in another order',
      {
        dataframe_split: {
          columns: columns.toReversed(),
          data: [first.toReversed(), second.toReversed()],
        },
      },
    ],
    ['dataframe_records', { dataframe_records: [aFlower, secondFlower], params: {} }],
    ['instances of objects', { instances: [aFlower, secondFlower] }],
    ['instances of arrays', { instances: [first, second] }],
    ['instances of numbers for booleans', { instances: [first.with(3, 1), second.with(3, 0)] }],
    ['inputs of arrays', { inputs: [first, second] }],
    [
      'inputs by column',
      {
        inputs: {
          length: [5.1, 7],
          width: [[1.7], [null]],
          petals: [5, 4],
          wild: [true, false],
          colour: ['red', null],
        },
      },
    ],
    ['a bare array of objects', [aFlower, secondFlower]],
    ['a bare array of arrays', [first, second]],
    ['a bare array of both', [aFlower, second]],
  ])('answers %s as it answers rows', async (_, body) => {
    const server = servingFlowers();
    const labels = await expectedLabels(server);
    const { status, json } = await server.call('POST', path, body);
    expect(json).toMatchObject({ predictions: labels, model: 'flowers', version: 1, traceId: 'trace-1' });
    expect(status).toBe(200);
    expect(server.ofKind('prediction').at(-1)).toMatchObject({ predictionId: json.predictionId });
  });

  it('takes NaN for missing, as Python writes it', async () => {
    const server = servingFlowers();
    const labels = await expectedLabels(server);
    const rows = '[[5.1, 1.7, 5, true, "red"], [7, NaN, 4, false, NaN]]';
    expect((await server.call('POST', path, rows)).json).toMatchObject({ predictions: labels });
    const texts = '{"instances": [[7, NaN, 4, false, "a \\"NaN\\" b"]]}';
    expect((await server.call('POST', path, texts)).json.errors).toEqual([
      { pointer: '/instances/0/4', message: expect.stringContaining('NaN') },
    ]);
    for (const broken of ['[Infinity]', '[NaNs]', '{NaN: 1}', '["NaN]', '[-NaN', '[NaN NaN]']) {
      expect((await server.call('POST', path, broken)).status).toBe(400);
    }
  });

  it.each([
    ['without a header', csv, 'text/csv'],
    ['with a header', `${columns.join(',')}\n${csv}`, 'text/csv; charset=utf-8'],
    [
      'with a header in another order',
      'wild,colour,petals,length,width\n1,red,5.0,5.1,1.7\n0,,4,7,',
      'text/csv',
    ],
    [
      'with a header without what may be missing',
      'wild,petals,length,width,colour\nTRUE,5,5.1,1.7,red\nFalse,4,7,,',
      'text/csv',
    ],
    [
      'of a spreadsheet',
      `\uFEFF${columns.join(',')}\r\n"5.1", 1.7 ,5,true,"red"\r\n\r\n7,,4,false,\r\n`,
      'text/csv',
    ],
    ['that says it has a header', `${columns.join(',')}\n${csv}`, 'text/csv; header=present'],
    ['that says it has none', csv, 'text/csv;header="absent"'],
  ])('answers CSV %s', async (_, text, type) => {
    const server = servingFlowers();
    const labels = await expectedLabels(server);
    const { json } = await server.call('POST', path, text, { 'content-type': type });
    expect(json).toMatchObject({ predictions: labels });
  });

  it.each([
    ['text/csv', 'text/csv'],
    ['text/csv, */*', 'text/csv'],
    ['application/json;q=0.5, text/csv', 'text/csv'],
    ['text/csv;q=0.5, */*', 'application/json'],
    ['application/json, text/csv', 'application/json'],
    ['text/*', 'text/csv'],
    ['*/*', 'application/json'],
    ['text/csv;q=nonsense', 'text/csv'],
    ['', 'application/json'],
  ])('answers who accepts %s with %s', async (accept, type) => {
    const server = servingFlowers();
    const { status, headers, body } = await server.call('POST', path, csv, { ...asCsv, accept });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(type);
    if (type === 'text/csv') expect(body).toBe(`${(await expectedLabels(server)).join('\n')}\n`);
  });

  it('gives values of a regression, in JSON and in CSV', async () => {
    const { source, call } = servingFlowers();
    source.setLive('prices', { champion: source.add(3, trainedPrices()) });
    const inputs = { inputs: [[70, 3]] };
    const { json } = await call('POST', '/models/prices/invocations', inputs);
    expect(json.predictions).toEqual([expect.any(Number)]);
    const { body } = await call('POST', '/models/prices/invocations', inputs, { accept: 'text/csv' });
    expect(body).toBe(`${(json.predictions as number[])[0]}\n`);
  });

  const split = (names: string[], data: unknown) => ({ dataframe_split: { columns: names, data } });
  const short = columns.slice(1);
  it.each<[string, unknown, string[]]>([
    [
      'a value in dataframe_split',
      split(columns, [first, second.with(0, 31)]),
      ['/dataframe_split/data/1/0'],
    ],
    ['a ragged row in dataframe_split', split(columns, [first, [1]]), ['/dataframe_split/data/1']],
    ['an object in dataframe_split', split(columns, [first, aFlower]), ['/dataframe_split/data/1']],
    ['a missing column', split(short, [first.slice(1), first.slice(1)]), ['/dataframe_split/columns']],
    [
      'an unknown column and a missing one',
      split(['lenght', ...short], [first]),
      ['/dataframe_split/columns/0', '/dataframe_split/columns'],
    ],
    [
      'a column that is there twice',
      split([...columns, 'length'], [[...first, 1]]),
      ['/dataframe_split/columns/5'],
    ],
    [
      'columns that are no names',
      { dataframe_split: { columns: [1], data: [[1]] } },
      ['/dataframe_split/columns'],
    ],
    ['no data', { dataframe_split: { columns } }, ['/dataframe_split/data']],
    ['no rows', split(columns, []), ['/dataframe_split/data']],
    [
      'a member that is not known',
      { dataframe_split: { columns, data: [first], x: 1 } },
      ['/dataframe_split/x'],
    ],
    [
      'a value in dataframe_records',
      { dataframe_records: [{ ...aFlower, wild: 'yes' }] },
      ['/dataframe_records/0/wild'],
    ],
    [
      'a name in dataframe_records',
      { dataframe_records: [{ ...aFlower, 'a/b': 1 }] },
      ['/dataframe_records/0/a~1b'],
    ],
    [
      'what it predicts',
      { dataframe_records: [{ ...aFlower, kind: 'rose' }] },
      ['/dataframe_records/0/kind'],
    ],
    ['a value of an array', { instances: [aFlower, first.with(4, 'green')] }, ['/instances/1/4']],
    ['a number too many', { instances: [[...first, 1]] }, ['/instances/0']],
    ['a row that is no row', { instances: ['red'] }, ['/instances/0']],
    ['rows that are none', { instances: 'red' }, ['/instances']],
    ['a 2 for a boolean', { inputs: [first.with(3, 2)] }, ['/inputs/0/3']],
    [
      'a value in a column',
      { inputs: { length: [1, 'x'], petals: [1, 1], wild: [true, true] } },
      ['/inputs/length/1'],
    ],
    ['a column of another length', { inputs: { length: [1, 2], petals: [1] } }, ['/inputs/petals']],
    ['a column that is no array', { inputs: { length: 1 } }, ['/inputs/length']],
    [
      'an unknown column, once for all rows',
      { inputs: { length: [1, 2], petals: [1, 1], wild: [true, true], 'a/b': [1, 2] } },
      ['/inputs/a~1b'],
    ],
    ['no columns', { inputs: {} }, ['/inputs']],
    ['a value of a bare array', [first, first.with(2, 1.5)], ['/1/2']],
    ['a name in a bare array', [{ ...aFlower, lenght: 1 }], ['/0/lenght']],
    ['an empty array', [], ['']],
    ['two shapes at once', { instances: [first], inputs: [first] }, ['']],
    ['no shape', {}, ['']],
    ['the friendly form', { rows: [aFlower] }, ['/rows']],
    ['parameters', { instances: [first], params: { temperature: 1 } }, ['/params']],
    ['a number', '1', ['']],
    ['null', 'null', ['']],
  ])('points at %s', async (_, body, pointers) => {
    const { call, ofKind } = servingFlowers();
    const { status, json } = await call('POST', path, body);
    expect(json.errors).toEqual(pointers.map((pointer) => ({ pointer, message: expect.any(String) })));
    expect(status).toBe(422);
    expect(ofKind('rejected-request')).toHaveLength(1);
  });

  it.each([
    ['a value', '5.1,1.7,5,true,red\n31,,4,false,', '/1/0', 'is 31; at most 30 cm is allowed'],
    ['a text for a number', 'x,1.7,5,true,red', '/0/0', 'is "x"; a number is needed'],
    ['a number that is none to us', 'NaN,1.7,5,true,red', '/0/0', 'is "NaN"; a number is needed'],
    ['one in other digits', '0x10,1.7,5,true,red', '/0/0', 'is "0x10"; a number is needed'],
    [
      'a boolean that is inherited',
      '5,1.7,5,constructor,red',
      '/0/3',
      'is "constructor"; true or false is needed',
    ],
    ['a prototype', '5,1.7,5,__proto__,red', '/0/3', 'is "__proto__"; true or false is needed'],
    ['a ragged row', '5.1,1.7,5,true,red\n1,2', '/1', 'has 2 values; 5 are needed'],
    ['an unknown column', 'lenght,petals,wild\n1,1,1', '', 'has a column "lenght", which is not a feature'],
    [
      'a column twice',
      'length,petals,wild,wild\n1,1,1,1',
      '',
      'has a column "wild", which is named a second time',
    ],
    ['a missing column', 'length,petals\n1,1', '', 'lacks wild'],
    ['a header alone', 'length,petals,wild', '', 'has no rows'],
    ['nothing', '', '', 'has no rows'],
    ['an open quote', '5.1,1.7,5,true,"red\n', '', 'is no CSV: in line 1 a quote'],
    ['a quote within a cell', '5.1,1.7,5,true,r"e"d', '', 'is no CSV: in line 1 a quote'],
    ['what is not UTF-8', Uint8Array.of(0x31, 0xff), '', 'is not UTF-8'],
  ])('points at %s of CSV', async (_, body, pointer, message) => {
    const { call } = servingFlowers();
    const { status, json } = await call('POST', path, body, asCsv);
    expect(status).toBe(422);
    expect(json.errors).toContainEqual({ pointer, message: expect.stringContaining(message) });
  });

  it('reads a header as values when the content type says so', async () => {
    const { call } = servingFlowers();
    const { json } = await call('POST', path, 'length,width,petals,wild,colour', {
      'content-type': 'text/csv; header=absent',
    });
    expect(json.errors).toContainEqual({ pointer: '/0/0', message: 'is "length"; a number is needed' });
  });

  it.each([
    ['text/csv; charset=latin1', {}, 415],
    ['text/csv', { 'content-encoding': 'gzip' }, 415],
    ['application/x-npy', {}, 415],
  ])('refuses %s %j', async (type, headers, status) => {
    const { call } = servingFlowers();
    const refused = await call('POST', path, csv, { 'content-type': type, ...headers });
    expect(refused.status).toBe(status);
    expect(refused.json.detail).toContain('send application/json or text/csv in UTF-8');
  });

  it('refuses too many bytes and too many rows', async () => {
    const { call } = servingFlowers({ maxBodyBytes: 100_000 });
    expect((await call('POST', path, '1\n'.repeat(60_000), asCsv)).status).toBe(413);
    expect((await call('POST', path, '1\n'.repeat(1001), asCsv)).status).toBe(413);
    const many = Array.from({ length: 1001 }, () => 1);
    for (const body of [many, { instances: many }, { inputs: { length: many } }, split(columns, many)]) {
      expect((await call('POST', path, body)).status).toBe(413);
    }
  });

  it('takes no time over a cell of a million digits that is no number', async () => {
    const { call } = servingFlowers({ maxBodyBytes: 2_000_000 });
    const begun = performance.now();
    const { status } = await call('POST', path, `${'1'.repeat(1_000_000)}x,1,1,1,red`, asCsv);
    expect(status).toBe(422);
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  it('quotes labels that CSV would read otherwise', async () => {
    const { source, call, champion } = servingFlowers();
    const { open } = source;
    source.open = async (reference) => {
      const loaded = await open.call(source, reference);
      return { ...loaded, session: { ...loaded.session, answer: async () => [{ label: 'a,"b"' }] } };
    };
    source.setLive('flowers', { champion });
    expect((await call('POST', path, { instances: [first] }, { accept: 'text/csv' })).body).toBe(
      '"a,""b"""\n',
    );
  });

  it('needs no name where there is one model, and says which there are where there are several', async () => {
    const { source, call } = servingFlowers();
    source.modelNames = ['flowers'];
    expect((await call('POST', '/invocations', [first])).status).toBe(200);
    source.modelNames = ['flowers', 'prices'];
    const several = await call('POST', '/invocations', [first]);
    expect(several.status).toBe(404);
    expect(several.json.detail).toContain('/models/<model>/invocations, with one of flowers, prices');
    expect((await call('POST', path, [first])).status).toBe(200);
    expect((await call('POST', '/models/roses/invocations', [first])).status).toBe(404);
    expect((await call('GET', '/invocations')).status).toBe(404);
  });
});
