import type { Problem, QuarantinedRow } from '../dataset.ts';
import type { Examination } from '../examination.ts';
import type { JoinedPart } from './parts.ts';

/** The file that a line of a joined upload came from, and its line there. */
export function placeOf(
  line: number,
  parts: readonly JoinedPart[],
): { file: string; line: number } | undefined {
  const part = parts.find(({ firstLine, lines }) => line >= firstLine && line < firstLine + lines);
  return part && { file: part.name, line: line - part.firstLine + 1 + part.skipped };
}

/** What was found in a joined upload, told by the files that it was joined from. */
export function nameLines(found: Examination, parts: readonly JoinedPart[]): Examination {
  const named = <Placed extends { line: number }>(each: Placed): Placed & { file?: string } => ({
    ...each,
    ...placeOf(each.line, parts),
  });
  const problem = (each: Problem): Problem => ({
    ...named(each),
    message: each.message.replace(/^line (\d+):/, (_, line) => `${written(Number(line), parts)}:`),
  });
  const row = (each: QuarantinedRow): QuarantinedRow => ({
    ...named(each),
    problems: each.problems.map(problem),
  });
  const sentence = (text: string) => nameFirstLine(text, parts);
  return {
    ...found,
    problems: found.problems.map(problem),
    quarantine: found.quarantine.map(row),
    worstRows: found.worstRows.map(row),
    reasons: found.reasons.map(sentence),
    warnings: found.warnings.map(sentence),
    checks: found.checks.map((check) => ({ ...check, message: sentence(check.message) })),
  };
}

function written(line: number, parts: readonly JoinedPart[]): string {
  const place = placeOf(line, parts);
  return place ? `${place.file} line ${place.line}` : `line ${line}`;
}

/** A check names the first line that breaks it, after whatever a definition calls the rule. */
function nameFirstLine(text: string, parts: readonly JoinedPart[]): string {
  return text.replace(
    /^(.*, first on )line (\d+)/s,
    (_, before, line) => `${before}${written(Number(line), parts)}`,
  );
}
