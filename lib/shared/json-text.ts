import * as z from 'zod';

/**
 * A value that lies as JSON text in an item of a table: its numbers may be any. DynamoDB's own hold nothing nearer to
 * zero than 1e-130, and its client refuses those past 2^53.
 */
export function jsonText<Schema extends z.ZodType>(schema: Schema) {
  return z.codec(z.string(), schema, {
    decode: (text, context) => {
      try {
        return JSON.parse(text);
      } catch {
        context.issues.push({ code: 'invalid_format', format: 'json', input: text, message: 'is not JSON' });
        return z.NEVER;
      }
    },
    encode: (value) => JSON.stringify(value),
  });
}
