import type { ModelDefinition } from '../../model/definition.ts';
import { EvergreenError } from '../../shared/errors.ts';

/**
 * The column that says whom a row is about.
 *
 * @throws EvergreenError `subject-unknown` when the definition names none.
 */
export function subjectColumn({ name, identity, privacy }: ModelDefinition): string {
  const [only, ...others] = identity;
  const column = privacy.subject ?? (others.length === 0 ? only : undefined);
  if (column !== undefined) return column;
  throw new EvergreenError(
    'subject-unknown',
    `the definition of ${name} does not say whom a row is about; name the column in privacy.subject, and deploy`,
  );
}

/** Features that captures hold: those without personal data. */
export function capturedFeatures({ features }: ModelDefinition): string[] {
  return Object.entries(features).flatMap(([name, { personalData }]) =>
    personalData === 'none' ? [name] : [],
  );
}
