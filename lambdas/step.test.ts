import { ProvisionedThroughputExceededException } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import * as z from 'zod';
import { EvergreenError } from '../lib/shared/errors.ts';
import { stepHandler } from './step.ts';

const context = { functionName: 'step', getRemainingTimeInMillis: () => 30_000 } as Context;
const schema = z.object({ n: z.int() });

const invoke = (perform: (input: { n: number }) => Promise<unknown>, event: unknown = { n: 1 }) =>
  stepHandler(schema, perform)(event, context);

const throws = (thrown: unknown) =>
  invoke(async () => {
    throw thrown;
  });

let written: MockInstance;
beforeEach(() => {
  written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('stepHandler', () => {
  it('hands on the input that fits and the answer to it', async () => {
    expect(await invoke(async ({ n }) => ({ twice: 2 * n }), { n: 4, more: true })).toEqual({ twice: 8 });
    expect(written).not.toHaveBeenCalled();
  });

  it('does nothing with input that does not fit, and says where', async () => {
    const perform = vi.fn();
    await expect(invoke(perform, { n: 'four' })).rejects.toMatchObject({
      name: 'Evergreen.InvalidInput',
      message: expect.stringMatching(/^request-invalid: state input does not fit: [\s\S]*at n/),
    });
    expect(perform).not.toHaveBeenCalled();
  });

  it.each([
    ['run-unknown', 'Evergreen.NotFound'],
    ['revision-conflict', 'Evergreen.Conflict'],
    ['model-inadmissible', 'Evergreen.NotAllowed'],
    ['service-unavailable', 'Evergreen.Unavailable'],
    ['internal', 'Evergreen.Internal'],
  ] as const)('gives %s the name that a state chooses by', async (code, name) => {
    await expect(throws(new EvergreenError(code, 'why'))).rejects.toMatchObject({
      name,
      message: `${code}: why`,
    });
  });

  it('lets a state try again what a service refused for now', async () => {
    const throttled = new ProvisionedThroughputExceededException({ message: 'slow down', $metadata: {} });
    await expect(throws(throttled)).rejects.toMatchObject({ name: 'Evergreen.Unavailable' });
    const broken = Object.assign(new Error('socket'), { code: 'ECONNRESET' });
    await expect(throws(broken)).rejects.toMatchObject({ name: 'Evergreen.Unavailable' });
  });

  it('calls internal what nobody foresaw', async () => {
    await expect(throws(new TypeError('x is undefined'))).rejects.toMatchObject({
      name: 'Evergreen.Internal',
      message: 'x is undefined',
    });
  });

  it('leaves one line in the log with the place where it broke', async () => {
    await expect(throws(new EvergreenError('run-unknown', 'no run'))).rejects.toThrow();
    expect(written).toHaveBeenCalledTimes(1);
    const line = String(written.mock.calls[0]?.[0]);
    expect(line.endsWith('\n')).toBe(true);
    expect(JSON.parse(line)).toEqual({
      level: 'error',
      error: 'Evergreen.NotFound',
      message: 'run-unknown: no run',
      stack: expect.stringContaining('step.test.ts'),
    });
  });
});
