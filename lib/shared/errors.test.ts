import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorCatalogue } from './error-codes.ts';
import { EvergreenError, exitCode, messageOf, stateErrorName } from './errors.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const codes = Object.keys(errorCatalogue) as ErrorCode[];

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('.test.') && !name.includes('fixtures'))
    .map((name) => join(root, folder, name))
    .filter((path) => !path.endsWith('error-codes.ts'));
}

describe('EvergreenError', () => {
  it('has the kind of its code, and forwards what caused it', () => {
    const cause = new Error('inner');
    const error = new EvergreenError('run-unknown', 'no run', { details: { runId: 'x' }, cause });
    expect(error).toMatchObject({ name: 'EvergreenError', kind: 'not-found', message: 'no run', cause });
    expect(error.details).toEqual({ runId: 'x' });
    expect(new EvergreenError('internal', 'x')).not.toHaveProperty('cause');
  });

  it('has a name for state machines and an exit code for every kind, each its own', () => {
    const kinds = [...new Set(codes.map((code) => errorCatalogue[code].kind))];
    expect(Object.keys(stateErrorName).sort()).toEqual([...kinds].sort());
    expect(new Set(Object.values(stateErrorName)).size).toBe(kinds.length);
    expect(Object.keys(exitCode).sort()).toEqual([...kinds].sort());
    expect(new Set(Object.values(exitCode)).size).toBe(kinds.length);
    expect(Object.values(exitCode)).not.toContain(0);
  });
});

describe('messageOf', () => {
  it('gives a person the text of anything that was thrown', () => {
    expect(messageOf(new Error('broken'))).toBe('broken');
    expect(messageOf('just text')).toBe('just text');
    expect(messageOf(undefined)).toBe('undefined');
  });
});

describe('the error catalogue', () => {
  const code = [...sources('lib'), ...sources('lambdas')]
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');

  it.each(codes)('has no code that nothing answers with: %s', (name) => {
    expect(code.includes(`'${name}'`)).toBe(true);
  });

  it.each(codes)('says what %s means and what to do, in sentences', (name) => {
    const { meaning, remedy } = errorCatalogue[name];
    for (const sentence of [meaning, remedy]) expect(sentence).toMatch(/^[A-Z`'].*\.$/);
  });
});

describe('docs/errors.md', () => {
  const page = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  const [introduction = '', ...sections] = page.split(/^## /m);
  const byCode = new Map(sections.map((section) => [section.split('\n')[0] ?? '', section]));

  it('has a heading for each code, in the order of the catalogue, and no other', () => {
    expect([...byCode.keys()]).toEqual(codes);
  });

  it.each(codes)('tells kind, meaning, an example and the remedy of %s', (name) => {
    const { kind, meaning, remedy } = errorCatalogue[name];
    const section = byCode.get(name) ?? '';
    expect(section).toContain(`Kind: ${kind}. ${meaning}\n`);
    expect(section).toContain(`Remedy: ${remedy}\n`);
    const [, example = ''] = /^> (.+)$/m.exec(section) ?? [];
    expect(example.length).toBeGreaterThan(10);
    expect(example.endsWith('.')).toBe(false);
  });

  it('tells how each kind is answered at each door', () => {
    for (const [kind, name] of Object.entries(stateErrorName)) {
      const row = introduction.split('\n').find((line) => line.startsWith(`| ${kind} |`)) ?? '';
      expect(row).toContain(`\`${name}\``);
      expect(row).toContain(`| ${exitCode[kind as keyof typeof exitCode]} |`);
    }
  });
});
