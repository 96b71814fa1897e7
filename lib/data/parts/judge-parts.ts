import { formatOf, type SourceFormat, suffixesFor } from '../../model/source-format.ts';
import type { JoinedPart, PartLimits, PartProblem, PartReading, PlannedPart } from './parts.ts';

/** A file that was read and can be used. */
export type SoundPart = Pick<PlannedPart, 'n' | 'name' | 'key' | 'versionId'> & {
  reading: Extract<PartReading, { outcome: 'readable' }>;
};

/** What is wrong with files by their names. */
export function judgeNames(names: readonly string[], formats: readonly SourceFormat[]): PartProblem[] {
  const problems: PartProblem[] = [];
  const add = (name: string, message: string) => problems.push({ name, line: 0, message });
  const seen = new Set<string>();
  const first = formatOf(names[0] ?? '')?.format;
  for (const name of names) {
    const format = formatOf(name)?.format;
    if (seen.has(name)) add(name, 'is named twice');
    else if (!format || !formats.includes(format)) {
      add(name, `does not end as it should; use one of ${suffixesFor(formats).join(', ')}`);
    } else if (format !== first) add(name, `is ${format}, and the first file is ${first}; upload one format`);
    seen.add(name);
  }
  return problems;
}

/** What is wrong with a file by its size, or null. */
export function sizeFault(bytes: number, { maxPartBytes }: PartLimits): string | null {
  if (bytes === 0) return 'is empty';
  return bytes > maxPartBytes ? `has ${bytes} bytes; a file of many may have ${maxPartBytes}` : null;
}

/** Whether files are too large together. @param name Of the upload. */
export function judgeTotal(
  parts: readonly { name: string; bytes: number }[],
  name: string,
  { maxPartBytes, maxTotalBytes }: PartLimits,
): PartProblem[] {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const most = formatOf(parts[0]?.name ?? '')?.format === 'parquet' ? maxPartBytes : maxTotalBytes;
  if (total <= most) return [];
  return [{ name, line: 0, message: `the files have ${total} bytes together; at most ${most} are joined` }];
}

/** What is wrong with files that can each be read: other columns than the first has, or too many bytes. */
export function judgeTogether(
  sound: readonly SoundPart[],
  name: string,
  limits: Pick<PartLimits, 'maxTotalBytes'>,
): PartProblem[] {
  return [...differingHeaders(sound), ...unpackedTooLarge(sound, name, limits)];
}

function differingHeaders([first, ...others]: readonly SoundPart[]): PartProblem[] {
  const wanted = first?.reading.header;
  if (!first || !wanted) return [];
  return others.flatMap(({ name, reading: { header } }) => {
    const found = header ?? [];
    const at = Math.max(found.length, wanted.length);
    const place = Array.from({ length: at }, (_, i) => i).find((i) => found[i] !== wanted[i]);
    if (place === undefined) return [];
    const [here, there] = [found[place], wanted[place]].map((each) =>
      each === undefined ? 'missing' : JSON.stringify(each),
    );
    const message = `has other columns than ${first.name}: column ${place + 1} is ${here}, and ${there} there; write the same columns in the same order`;
    return [{ name, line: 0, message }];
  });
}

/** What unpacks to more than was packed is known only now. */
function unpackedTooLarge(
  sound: readonly SoundPart[],
  name: string,
  { maxTotalBytes }: Pick<PartLimits, 'maxTotalBytes'>,
): PartProblem[] {
  const bytes = sound.reduce((sum, { reading }) => sum + (reading.text?.bytes ?? 0), 0);
  if (bytes <= maxTotalBytes) return [];
  const message = `the files unpack to ${bytes} bytes together; at most ${maxTotalBytes} are joined`;
  return [{ name, line: 0, message }];
}

/** Which lines become whose. */
export function placeParts(sound: readonly SoundPart[]): JoinedPart[] {
  let firstLine = 1;
  return sound.map(({ name, key, versionId, reading: { rows, text } }) => {
    const { lines, skipped } = text ?? { lines: rows, skipped: 0 };
    const part = { name, key, versionId, firstLine, lines, skipped };
    firstLine += lines;
    return part;
  });
}
