import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { type TarEntry, tarOf } from '../shared/fixtures/tar-writer.ts';
import { pickFromTar } from '../shared/tar.ts';
import { readJobOutput, requireSameGoldenRows } from './job-output.ts';

const golden = {
  schema: 'evergreen/golden/v1',
  rows: [{ x: 1 }],
  labels: null,
  scores: null,
  values: [2],
  tolerance: 1e-5,
};
const training = {
  schema: 'evergreen/training/v1',
  algorithm: 'linear-svc',
  hyperparameters: { C: 1 },
  seed: 42,
  rows: 10,
  metrics: { train_score: 1 },
  folds: [1],
  durationSeconds: 1,
  libraries: {},
};
const complete: TarEntry[] = [
  { name: './', type: '5' },
  { name: './model.onnx', content: 'onnx' },
  { name: './golden.json', content: JSON.stringify(golden) },
  { name: './training.json', content: JSON.stringify(training) },
  { name: './notes/extra.txt', content: 'ignored' },
];
const packed = (entries: TarEntry[]) => gzipSync(tarOf(entries));

describe('readJobOutput', () => {
  it('reads the three files and passes over others', () => {
    const output = readJobOutput(packed(complete));
    expect(new TextDecoder().decode(output.files['model.onnx'])).toBe('onnx');
    expect(output.golden.values).toEqual([2]);
    expect(output.training.algorithm).toBe('linear-svc');
  });

  it('takes what a trainer needs to learn on as it is, when it is the document it should be', () => {
    const state = JSON.stringify({ schema: 'evergreen/training-state/v1', layers: [[1, 2]] });
    const withState = (content: string) => packed([...complete, { name: 'state.json', content }]);
    const { files } = readJobOutput(withState(state));
    expect(new TextDecoder().decode(files['state.json'])).toBe(state);
    expect(readJobOutput(packed(complete)).files).not.toHaveProperty('state.json');
    expect(() => readJobOutput(withState('\u0080\u0004K'))).toThrow(/state\.json is not as it should be/);
  });

  it('takes the file with 8-bit weights together with its golden answers, or says which is missing', () => {
    const int8 = { name: 'model.int8.onnx', content: 'small' };
    const own = { name: 'golden.int8.json', content: JSON.stringify({ ...golden, tolerance: 1e-3 }) };
    const output = readJobOutput(packed([...complete, int8, own]));
    expect(new TextDecoder().decode(output.int8?.model)).toBe('small');
    expect(output.int8?.golden.tolerance).toBe(1e-3);
    expect(Object.keys(output.files)).not.toContain('model.int8.onnx');
    expect(readJobOutput(packed(complete)).int8).toBeUndefined();
    expect(() => readJobOutput(packed([...complete, int8]))).toThrow('model.tar.gz has no golden.int8.json');
    expect(() => readJobOutput(packed([...complete, own]))).toThrow('model.tar.gz has no model.int8.onnx');
  });

  it('keeps the learning curve of a trainer that has one', () => {
    const points = [{ epoch: 1, trainLoss: 0.7, validationLoss: null }];
    const learningCurve = { loss: 'log loss', ended: 'converged', points };
    const record = { name: 'training.json', content: JSON.stringify({ ...training, learningCurve }) };
    const output = readJobOutput(packed([...complete.slice(0, 3), record]));
    expect(output.training.learningCurve).toEqual(learningCurve);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['what is not gzip', new Uint8Array(20), /not gzip/],
    ['what is no tar archive', gzipSync(Buffer.alloc(2000, 'x')), /not a tar archive/],
    ['a missing file', packed(complete.slice(0, 3)), /no training\.json/],
    ['a file that stands there twice', packed([...complete, ...complete.slice(1, 2)]), /model\.onnx twice/],
    ['a link', packed([{ name: 'model.onnx', type: '2' }]), /something else than a file/],
    [
      'a document of another shape',
      packed([...complete.slice(0, 2), { name: 'golden.json', content: '{}' }, ...complete.slice(3)]),
      /golden\.json is not as it should be/,
    ],
    [
      'NaN in a document',
      packed([
        ...complete.slice(0, 2),
        { name: 'golden.json', content: '{"tolerance": NaN}' },
        ...complete.slice(3),
      ]),
      /golden\.json/,
    ],
    ['an archive that is cut off', gzipSync(tarOf(complete).subarray(0, 1200)), /cut off|no golden|no model/],
  ])('refuses %s', (_, archive, says) => {
    expect(() => readJobOutput(archive)).toThrow(says);
    expect(() => readJobOutput(archive)).toThrow(
      expect.objectContaining({ code: 'training-output-invalid' }),
    );
  });

  it('does not unpack more than the limit', () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    expect(bomb.length).toBeLessThan(10_000);
    expect(() => readJobOutput(bomb, 1_000_000)).toThrow(/more than 1000000 bytes/);
  });

  it('refuses or reads any bytes, and never fails otherwise', () => {
    const valid = tarOf(complete);
    const damaged = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 })
      .map((edits) => {
        const archive = Uint8Array.from(valid);
        for (const [place, byte] of edits) archive[place] = byte;
        return archive;
      });
    fc.assert(
      fc.property(damaged, (archive) => {
        try {
          readJobOutput(gzipSync(archive));
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'training-output-invalid' });
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('pickFromTar', () => {
  it('reads names of pax and GNU headers', () => {
    const long = `${'d/'.repeat(80)}file.bin`;
    const pax = `${long.length + 10} path=${long}\n`;
    const entries: TarEntry[] = [
      { name: 'PaxHeader', type: 'x', content: pax },
      { name: 'short', content: 'one' },
      { name: '././@LongLink', type: 'L', content: `${long}2\0` },
      { name: 'short', content: 'two' },
    ];
    const found = pickFromTar(tarOf(entries), [long, `${long}2`, 'short']);
    expect([...found].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)])).toEqual([
      [long, 'one'],
      [`${long}2`, 'two'],
    ]);
  });
});

describe('requireSameGoldenRows', () => {
  const definition = defineModel({
    name: 'm',
    task: 'regression',
    features: { x: { type: 'number' }, note: { type: 'text', mayBeMissing: true } },
    target: { name: 'y', type: 'number' },
    train: {},
  });
  const answers = { ...golden, schema: 'evergreen/golden/v1' as const };

  it('takes the rows of the dataset, with or without the target', () => {
    requireSameGoldenRows(answers, [{ x: 1, note: null, y: 3 }], definition);
  });

  it('refuses others, fewer, or in another order', () => {
    for (const rows of [[{ x: 2 }], [{ x: 1 }, { x: 1 }], []]) {
      expect(() => requireSameGoldenRows(answers, rows, definition)).toThrow(/other rows/);
    }
  });
});
