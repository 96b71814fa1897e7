import { describe, expect, it } from 'vitest';
import { readPattern } from './pattern.ts';

describe('readPattern', () => {
  it('reads letters, repetitions and places', () => {
    expect(readPattern('^a{2,}|[^b-d\\d]')).toEqual({
      kind: 'either',
      options: [
        {
          kind: 'sequence',
          parts: [
            { kind: 'place', at: 'start' },
            {
              kind: 'repeat',
              part: { kind: 'letter', letters: { ranges: [[97, 97]], categories: [], isNegated: false } },
              least: 2,
              most: null,
            },
          ],
        },
        {
          kind: 'letter',
          letters: {
            ranges: [
              [98, 100],
              [48, 57],
            ],
            categories: [],
            isNegated: true,
          },
        },
      ],
    });
  });

  it.each([
    ['(', '( holds "(" at character 1, which is never closed; write \\('],
    ['a)', 'a) holds ")" at character 2, which closes nothing; write \\)'],
    ['[a', 'holds "[" at character 1, which is never closed'],
    ['a]', 'which closes nothing; write \\]'],
    ['[]a]', 'ends a class of nothing; write \\]'],
    ['*a', 'repeats nothing; write \\*'],
    ['a++', 'holds "+" at character 3, which repeats what is repeated already'],
    ['a*{2}', 'put (?: ) around that'],
    ['a{,3}', 'is no {n}, {n,} or {n,m}; write \\{'],
    ['a{3,2}', 'turn them round'],
    ['a{1001}', 'repeats something more than 1000 times'],
    ['(?:a{50}){50}', 'what is repeated inside of it counted'],
    [
      '.{999}.{999}.{999}.{999}.{999}.{999}.{999}.{999}.{999}.{999}.{999}',
      'more than 10000 letters in a row',
    ],
    ['\\p{L}{30}', 'one of \\p{…} counting as 500'],
    ['(?=a)', 'holds "(?" at character 2, which looks around'],
    ['(?P<n>a)', 'names a group'],
    ['(?i)a', 'sets an option'],
    ['(a)\\1', 'holds "\\\\1" at character 4, which is not read; \\d \\w \\s'],
    ['a\\z', 'holds "\\\\z" at character 2'],
    ['\\Qa\\E', 'holds "\\\\Q"'],
    ['\\h', '"\\\\h"'],
    ['\\C', '"\\\\C"'],
    ['\\u0041', '"\\\\u"'],
    ['\\x{d800}', '"\\\\x{d800}"'],
    ['\\p{Greek}', '"\\\\p{Greek}" at character 1, which is not read'],
    ['é\\', 'holds "\\\\" at character 2'],
    ['[[:alpha:]]', 'begins a named class; write \\d, \\w, a-z or \\p{L}'],
    ['[z-a]', 'is in front of no later letter; write \\-'],
    ['[a-\\d]', 'is in front of no later letter'],
    [`${'('.repeat(101)}a${')'.repeat(101)}`, 'is the 101st inside of others'],
  ])('refuses %s, and says where and why', (pattern, message) => {
    expect(readPattern(pattern)).toContain(message);
  });
});
