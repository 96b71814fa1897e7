import { describe, expect, it } from 'vitest';
import { explanationView } from './explain.ts';

const answered = {
  model: 'iris',
  version: 2,
  output: 'score' as const,
  method: 'enumeration' as const,
  explanations: [
    { label: 'rose', answer: 0.9, base: 0.3, contributions: { width: -0.123456, length: 0.7234, colour: 0 } },
  ],
};

describe('explanationView', () => {
  it('shows what was given and contributed, the largest first', () => {
    const [title, table, closing] = explanationView(answered, [{ width: 2, length: 5, colour: null }]);
    expect(title).toEqual({ kind: 'lines', lines: ['row 0: rose (score 0.9)'] });
    expect(table).toMatchObject({
      rows: [
        ['(on average)', null, 0.3],
        ['length', 5, 0.7234],
        ['width', 2, -0.123456],
        ['colour', null, 0],
      ],
    });
    expect(closing).toMatchObject({
      lines: ['contributions to the score of the label add up to it; exact', 'explained by iris version 2'],
    });
  });

  it('says of a value what it is, and of a sample that it is one', () => {
    const [value] = [{ answer: 212_345.678, base: 200_000, contributions: { size: 12_345.678 } }];
    const view = explanationView(
      { ...answered, output: 'value', method: 'permutation', explanations: value ? [value] : [] },
      [{ size: 80 }],
    );
    expect(view[0]).toEqual({ kind: 'lines', lines: ['row 0: 212346'] });
    expect(view[2]).toMatchObject({
      lines: [expect.stringMatching(/value add up to it; estimated/), expect.anything()],
    });
  });
});
