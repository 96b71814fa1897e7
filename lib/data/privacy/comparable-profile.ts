import type { ModelDefinition } from '../../model/definition.ts';
import { disguiseOf } from '../../model/disguise.ts';
import type { DatasetProfile } from '../dataset.ts';

/** The key that each hashed feature is hashed with, by their names. */
export function hashedFeatures(definition: ModelDefinition): Record<string, string> {
  return Object.fromEntries(
    Object.keys(definition.features).flatMap((name) => {
      const disguise = disguiseOf(definition, name);
      return disguise && disguise.kind !== 'mask' ? [[name, disguise.key]] : [];
    }),
  );
}

/**
 * A profile without the features that are hashed otherwise now than they were then: their values share nothing, and a
 * change would be seen where there is none.
 *
 * @param now As {@link hashedFeatures}.
 */
export function comparableProfile(
  earlier: DatasetProfile,
  now: Readonly<Record<string, string>>,
): DatasetProfile {
  const then = earlier.hashed ?? {};
  const kept = Object.entries(earlier.features).filter(([name]) => then[name] === now[name]);
  return { ...earlier, features: Object.fromEntries(kept) };
}
