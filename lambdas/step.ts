import middy from '@middy/core';
import * as z from 'zod';
import { EvergreenError, messageOf, stateErrorName } from '../lib/shared/errors.ts';
import { isTransient } from '../lib/shared/transient.ts';

/** What a state machine sees of a failure: a stable name to choose by and a message for a person. */
class StateError extends Error {
  constructor(name: string, message: string, cause: unknown) {
    super(message, { cause });
    this.name = name;
  }
}

function toStateError(thrown: unknown): StateError {
  if (thrown instanceof EvergreenError) {
    return new StateError(stateErrorName[thrown.kind], `${thrown.code}: ${thrown.message}`, thrown);
  }
  return new StateError(
    isTransient(thrown) ? stateErrorName.unavailable : stateErrorName.internal,
    messageOf(thrown),
    thrown,
  );
}

/** A function behind a state: checks the input, makes one call, gives failures the names that states retry and catch. */
export function stepHandler<Schema extends z.ZodType, Output>(
  schema: Schema,
  perform: (input: z.infer<Schema>) => Promise<Output>,
) {
  return middy()
    .onError((request) => {
      const error = toStateError(request.error);
      process.stdout.write(
        `${JSON.stringify({ level: 'error', error: error.name, message: error.message, stack: request.error?.stack })}\n`,
      );
      throw error;
    })
    .handler(async (event: unknown): Promise<Output> => {
      const parsed = schema.safeParse(event);
      if (!parsed.success) {
        throw new EvergreenError(
          'request-invalid',
          `state input does not fit: ${z.prettifyError(parsed.error)}`,
        );
      }
      return perform(parsed.data);
    });
}
