import { describe, expect, it } from 'vitest';
import type { Context } from '../context.ts';
import { dataDestroy } from './data-destroy.ts';
import { dataErase } from './data-erase.ts';
import { dataExport } from './data-export.ts';

/* What is refused before anything is reached: a context that reaches nothing. */

const context = {} as Context;

describe('a command about data', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    [
      'destroys without a reason',
      () => dataDestroy(context, 'iris', 'ds-1', {}),
      'name a dataset and --why, or pass --expired',
    ],
    ['destroys nothing', () => dataDestroy(context, 'iris', undefined, {}), 'name a dataset'],
    [
      'destroys one and all',
      () => dataDestroy(context, 'iris', 'ds-1', { expired: true, why: 'old' }),
      'name a dataset',
    ],
    ['erases nobody', () => dataErase(context, 'iris', { subject: '' }), 'the subject is empty'],
    ['exports nothing', () => dataExport(context, 'iris', [], { to: 'x' }), 'name datasets, or pass --all'],
    [
      'exports some and all',
      () => dataExport(context, 'iris', ['ds-1'], { to: 'x', all: true }),
      'name datasets, or pass --all',
    ],
  ])('is refused that %s', async (_, run, message) => {
    const refused = run();
    await expect(refused).rejects.toMatchObject({ code: 'usage-invalid' });
    await expect(refused).rejects.toThrow(message);
  });
});
