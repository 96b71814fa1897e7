import { describe, expect, it } from 'vitest';
import { predictionColumns } from '../../data/columns.ts';
import { defineModel } from '../../model/definition.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { fragileModel } from '../fixtures/models.ts';
import type { Prediction } from '../prediction-record.ts';
import { compileRowReader } from '../rows.ts';
import { openSession } from '../session.ts';
import { answerRows, type PartRow } from './answer-rows.ts';

const aRow = (row: number, ...cells: PartRow['cells']): PartRow => ({
  row,
  line: row + 2,
  cells,
  rules: null,
  shown: null,
  fault: null,
});

describe('answerRows', () => {
  it('lets a row that the model cannot answer cost no other its answer', async () => {
    const fragile = fragileModel();
    const columns = predictionColumns(fragile.definition);
    const model = { session: await openSession(fragile), readRows: compileRowReader(fragile.definition) };
    const answers = await answerRows(
      [aRow(0, 1), aRow(1, -1), aRow(2, Math.E), aRow(3, 0), aRow(4, 1)],
      columns,
      model,
    );
    expect(answers).toEqual([
      { row: 0, prediction: { value: 0 } },
      { row: 1, error: expect.stringMatching(/^model-failed: the model gives NaN as value/) },
      { row: 2, prediction: { value: expect.closeTo(1, 5) } },
      { row: 3, error: expect.stringMatching(/^model-failed: the model gives -Infinity as value/) },
      { row: 4, prediction: { value: 0 } },
    ]);
  });

  const notes = defineModel({
    name: 'notes',
    task: 'regression',
    features: { text: { type: 'text' }, age: { type: 'integer', personalData: 'sensitive', min: 0 } },
    target: { name: 'y', type: 'number' },
    identity: ['id'],
    train: {},
  });
  const session = {
    predict: async (rows: readonly unknown[]): Promise<Prediction[]> => rows.map(() => ({ value: 1 })),
  };
  const model = { session, readRows: compileRowReader(notes) };
  const columns = predictionColumns(notes);

  it('says what a request would be told of a row that only the reader refuses', async () => {
    expect(await answerRows([aRow(0, 'a\0b', 3, 'x'), aRow(1, 'ab', 3, null)], columns, model)).toEqual([
      { row: 0, error: 'line 2: text holds a zero byte' },
      { row: 1, prediction: { value: 1 } },
    ]);
  });

  it('asks the model as a request does, with values as coarse as the definition makes them', async () => {
    const coarse = defineModel({
      ...notes,
      identity: [],
      features: {
        age: { type: 'integer', min: 0, generalise: { width: 10 } },
        size: { type: 'number', mayBeMissing: true, generalise: { width: 5 } },
        postcode: { type: 'category', categories: ['101', '203'], generalise: { keep: 3 } },
      },
    });
    const asked: unknown[] = [];
    const listening = {
      session: {
        predict: async (rows: readonly unknown[]): Promise<Prediction[]> => {
          asked.push(...rows);
          return rows.map(() => ({ value: 1 }));
        },
      },
      readRows: compileRowReader(coarse),
    };
    await answerRows(
      [aRow(0, 37, -0.5, '10115'), aRow(1, 30, null, '203')],
      predictionColumns(coarse),
      listening,
    );
    expect(asked).toEqual([
      { age: 30, size: -5, postcode: '101' },
      { age: 30, size: null, postcode: '203' },
    ]);
  });

  it('masks what is personal', async () => {
    const bad: PartRow = {
      ...aRow(0, 'a', null, 'x'),
      rules: [null, 'range', null],
      shown: ['a', '-7', 'x'],
    };
    expect(await answerRows([bad], columns, model)).toEqual([
      { row: 0, error: 'line 2: age is (masked); a whole number of at least 0 is needed' },
    ]);
  });

  it('lets through what is no failure of a single row', async () => {
    const broken = { ...session, predict: () => Promise.reject(new EvergreenError('internal', 'no memory')) };
    await expect(answerRows([aRow(0, 'a', 1, 'x')], columns, { ...model, session: broken })).rejects.toThrow(
      'no memory',
    );
    const strange = {
      ...model,
      readRows: () => {
        throw new TypeError('a fault of ours');
      },
    };
    await expect(answerRows([aRow(0, 'a', 1, 'x')], columns, strange)).rejects.toThrow('a fault of ours');
  });
});
