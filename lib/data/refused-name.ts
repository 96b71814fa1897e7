import { formatOf, type SourceFormat, suffixesFor } from '../model/source-format.ts';

/** Why a file is not read by its name, or null. */
export function refusedName(name: string, formats: readonly SourceFormat[]): string | null {
  const recognised = formatOf(name);
  if (recognised && formats.includes(recognised.format)) return null;
  const file = name.slice(name.lastIndexOf('/') + 1);
  return `the name ${file} does not end as it should; use one of ${suffixesFor(formats).join(', ')}`;
}
