import { describe, expect, it } from 'vitest';
import { fields, lines, table } from './outcome.ts';
import { render } from './render.ts';

describe('render', () => {
  const outcome = {
    data: { rows: [1] },
    view: [
      lines('hello'),
      table(
        ['name', 'n'],
        [
          ['a', 1],
          ['long name', null],
        ],
      ),
      table(['x'], [], 'no x yet'),
      fields(['key', true]),
    ],
  };

  it('lines columns up and shows nothing as a dash', () => {
    expect(render(outcome, false)).toBe(
      'hello\n\nname       n\na          1\nlong name  -\n\nno x yet\n\nkey  true\n',
    );
  });

  it('prints one JSON document', () => {
    expect(JSON.parse(render(outcome, true))).toEqual({ rows: [1] });
    expect(render({ data: undefined, view: [] }, true)).toBe('null\n');
  });

  it('lets no control character of a value reach the terminal', () => {
    expect(render({ data: null, view: [table(['v'], [['a\u001b[31mb\nc']])] }, false)).toBe('v\na [31mb c\n');
  });
});
