import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { aFlower } from './fixtures/models.ts';
import { servingFlowers } from './fixtures/server.ts';

describe('openInferenceFormat', () => {
  const tensors = [
    { name: 'length', shape: [2], datatype: 'FP32', data: [5.1, 7] },
    { name: 'width', shape: [2, 1], datatype: 'FP64', data: [[1.7], [null]] },
    { name: 'petals', shape: [2], datatype: 'INT64', data: [5, 4] },
    { name: 'wild', shape: [2], datatype: 'BOOL', data: [true, false] },
    { name: 'colour', shape: [2], datatype: 'BYTES', data: ['red', null] },
  ];
  const second = { length: 7, petals: 4, wild: false };

  it('answers one tensor for each feature as it answers rows', async () => {
    const { call, predict } = servingFlowers();
    const { json } = await predict([aFlower, second]);
    const inferred = await call('POST', '/v2/models/flowers/infer', { id: 'mine', inputs: tensors });
    const friendly = z
      .array(z.object({ label: z.string(), scores: z.record(z.string(), z.number()) }))
      .parse(json.predictions);
    expect(inferred.json).toMatchObject({
      model_name: 'flowers',
      model_version: '1',
      id: 'mine',
      parameters: { variant: 'champion', traceId: 'trace-1' },
      outputs: [
        { name: 'label', datatype: 'BYTES', shape: [2], data: friendly.map(({ label }) => label) },
        {
          name: 'scores',
          shape: [2, 3],
          data: friendly.flatMap(({ scores }) => [scores.rose, scores.iris, scores.daisy]),
        },
      ],
    });
  });

  it('answers the matrices of the signature the same', async () => {
    const { call } = servingFlowers();
    const matrices = [
      { name: 'numbers', shape: [2, 4], datatype: 'FP32', data: [5.1, 1.7, 5, 1, 7, null, 4, 0] },
      { name: 'texts', shape: [2, 1], datatype: 'BYTES', data: ['red', ''] },
    ];
    const answers = [];
    for (const inputs of [tensors, matrices]) {
      answers.push((await call('POST', '/v2/models/flowers/infer', { inputs })).json.outputs);
    }
    expect(answers[0]).toEqual(answers[1]);
  });

  it.each([
    ['a missing tensor', tensors.slice(1), '/inputs'],
    ['a tensor of no feature', [...tensors, { ...tensors[0], name: 'lenght' }], '/inputs/5/name'],
    ['a feature twice', [...tensors, tensors[0]], '/inputs/5/name'],
    [
      'another number of rows',
      [...tensors.slice(1), { ...tensors[0], shape: [1], data: [5] }],
      '/inputs/4/shape',
    ],
    ['a shape that is not the data', [{ ...tensors[0], shape: [3] }, ...tensors.slice(1)], '/inputs/0/data'],
    ['a number as text', [{ ...tensors[0], data: ['5.1', 7] }, ...tensors.slice(1)], '/inputs/0/data/0'],
    ['a value out of range', [{ ...tensors[0], data: [5.1, 31] }, ...tensors.slice(1)], '/inputs/0/data/1'],
    ['an unknown datatype', [{ ...tensors[0], datatype: 'FP99' }], '/inputs/0/datatype'],
  ])('points at %s', async (_, inputs, pointer) => {
    const { call } = servingFlowers();
    const { status, json } = await call('POST', '/v2/models/flowers/infer', { inputs });
    expect(status).toBe(422);
    expect(json.errors).toEqual([{ pointer, message: expect.any(String) }]);
  });
});
