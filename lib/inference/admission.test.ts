import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admissionLimits, admitModel } from './admission.ts';
import { flowers, fragile, fragileModel, prices, trainedFlowers, trainedPrices } from './fixtures/models.ts';
import {
  type Bytes,
  bytes,
  float,
  initializer,
  input,
  message,
  model,
  node,
  number,
  opset,
  output,
  text,
} from './fixtures/onnx-writer.ts';

const x = input('numbers', float, ['n', 1]);
const y = output('value', float, ['n', 1]);
const copy = node('Identity', ['numbers'], ['value']);

function admit(file: Bytes | Uint8Array): void {
  admitModel(file, fragile);
}

describe('admitModel', () => {
  it('admits what the trainers write', () => {
    admitModel(trainedFlowers().model, flowers);
    admitModel(trainedPrices().model, prices);
    admit(fragileModel().model);
    admit(model([copy, x, y]));
  });

  it.each<[string, Bytes, RegExp]>([
    ['a Loop', model([node('Loop', ['numbers'], ['value']), x, y]), /operator Loop/],
    ['an If', model([node('If', ['numbers'], ['value']), x, y]), /operator If/],
    ['a Scan', model([node('Scan', ['numbers'], ['value']), x, y]), /operator Scan/],
    ['randomness', model([node('RandomUniformLike', ['numbers'], ['value']), x, y]), /RandomUniformLike/],
    [
      'a custom domain',
      model([node('Gelu', ['numbers'], ['value'], { domain: 'com.microsoft' }), x, y]),
      /com\.microsoft/,
    ],
    ['an imported custom domain', model([copy, x, y], [opset('my.ops', 1)]), /my\.ops/],
    [
      'a graph within an operator',
      model([
        node('Identity', ['numbers'], ['value'], {
          attributes: [message(5, bytes(1, 'body'), message(6, copy))],
        }),
        x,
        y,
      ]),
      /graph within an operator/,
    ],
    ['a function', model([copy, x, y], [opset('', 18), message(25, bytes(1, 'f'))]), /functions/],
    [
      'data in another file',
      model([
        copy,
        x,
        y,
        message(
          5,
          number(1, 1),
          number(2, float),
          bytes(8, 'w'),
          message(13, bytes(1, 'location'), bytes(2, '/etc/passwd')),
          number(14, 1),
        ),
      ]),
      /another file/,
    ],
    [
      'a constant attribute in another file',
      model([
        node('Constant', [], ['c'], {
          attributes: [message(5, bytes(1, 'value'), message(5, number(14, 1)))],
        }),
        copy,
        x,
        y,
      ]),
      /another file/,
    ],
    ['training information', model([copy, x, y], [opset('', 18), message(20)]), /training information/],
    ['a second graph', model([copy, x, y], [opset('', 18), message(7, copy)]), /second graph/],
    [
      'a constant in place of an input',
      model([copy, x, y, initializer('numbers', [1], [1])]),
      /replaces its input/,
    ],
    [
      'a constant that declares more than it holds',
      model([copy, x, y, message(5, number(1, 2 ** 40), number(2, float), bytes(8, 'w'))]),
      /constants/,
    ],
    ['no operator set', model([copy, x, y], []), /no operator set/],
  ])('refuses %s', (_, file, says) => {
    expect(() => admit(file)).toThrow(says);
    expect(() => admit(file)).toThrow(expect.objectContaining({ code: 'model-inadmissible' }));
  });

  it('refuses thousands of nodes', () => {
    const nodes = Array.from({ length: 3000 }, (_, i) => node('Identity', [`v${i}`], [`v${i + 1}`]));
    expect(() => admit(model([...nodes, x, y]))).toThrow(/more than 1000 operators/);
  });

  it('refuses a file over the limit', () => {
    const limits = { ...admissionLimits, fileBytes: 50 };
    expect(() => admitModel(model([copy, x, y]), fragile, limits)).toThrow(/at most 50/);
  });

  it.each([
    ['input of another type', [copy, input('numbers', text, ['n', 1]), y], /is string; it must be float/],
    [
      'input of another width',
      [copy, input('numbers', float, ['n', 3]), y],
      /3 columns; the definition has 1/,
    ],
    ['input for one row alone', [copy, input('numbers', float, [1, 1]), y], /first dimension must be open/],
    ['input of another rank', [copy, input('numbers', float, ['n']), y], /1 dimensions/],
    ['missing input', [copy, y], /no input numbers/],
    ['foreign input', [copy, x, input('more', float, ['n', 1]), y], /has the input "more"/],
    ['missing output', [copy, x], /no output value/],
    ['foreign output', [copy, x, y, output('debug', float, ['n'])], /has the output "debug"/],
    ['output of another type', [copy, x, output('value', 11, ['n'])], /is double/],
  ] as const)('refuses an %s', (_, graph, says) => {
    expect(() => admit(model([...graph]))).toThrow(says);
  });

  it.each([
    ['a pickle', [0x80, 0x04, 0x95], /pickle/],
    ['a zip archive', [0x50, 0x4b, 0x03, 0x04], /zip/],
    ['gzip', [0x1f, 0x8b, 0x08], /gzip/],
    ['nothing', [], /empty/],
    ['JSON', [0x7b, 0x7d], /JSON/],
    ['text', [...new TextEncoder().encode('not a model')], /no ONNX model/],
  ])('refuses %s by its name', (_, content, says) => {
    expect(() => admit(Uint8Array.from(content))).toThrow(says);
  });

  it('refuses or admits any bytes, and never fails otherwise', () => {
    const valid = trainedFlowers().model;
    const damaged = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
      .map((edits) => {
        const file = Uint8Array.from(valid);
        for (const [place, byte] of edits) file[place] = byte;
        return file;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged), (file) => {
        try {
          admitModel(file, flowers);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'model-inadmissible' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
