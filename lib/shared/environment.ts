import * as z from 'zod';
import { EvergreenError } from './errors.ts';

/** Reads the variables a function needs, once, and says which are missing. */
export function readEnvironment<Shape extends z.ZodRawShape>(
  shape: Shape,
  variables: Record<string, string | undefined> = process.env,
): z.infer<z.ZodObject<Shape>> {
  const parsed = z.object(shape).safeParse(variables);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new EvergreenError('internal', `environment variables missing or wrong: ${names}`);
}
