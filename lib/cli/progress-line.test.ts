import { describe, expect, it } from 'vitest';
import { progressLine } from './progress-line.ts';

function output(isTTY: boolean) {
  const written: string[] = [];
  return { written, isTTY, columns: 20, write: (text: string) => written.push(text) };
}

describe('progressLine', () => {
  it('overwrites steps on a terminal, keeps notes, and never wraps', () => {
    const terminal = output(true);
    const { progress, clear } = progressLine(terminal);
    progress({ kind: 'step', text: 'one' });
    progress({ kind: 'step', text: 'a text that is longer than the terminal' });
    progress({ kind: 'note', text: 'done' });
    clear();
    expect(terminal.written.join('')).toBe('one\r\u001b[2Ka text that is long\r\u001b[2Kdone\n');
  });

  it('writes plain lines elsewhere, steps only now and then', () => {
    const file = output(false);
    let nowMs = 0;
    const { progress } = progressLine(file, { now: () => nowMs, everyMs: 1000 });
    progress({ kind: 'step', text: 'one' });
    nowMs = 500;
    progress({ kind: 'step', text: 'two' });
    progress({ kind: 'note', text: 'note' });
    nowMs = 1500;
    progress({ kind: 'step', text: 'three' });
    expect(file.written).toEqual(['note\n', 'three\n']);
  });
});
