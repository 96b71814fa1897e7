/** A label, or a number of a regression. */
export type Output = string | number;

/** One captured request as a version answered it. */
export interface AnsweredRequest {
  version: number;
  /** What chose the side: requests of one group are no independent samples. */
  group: string;
  latencyMs: number;
  outputs: Output[];
}

/** A captured row of which became known what is true. */
export interface LabelledOutput {
  version: number;
  group: string;
  predicted: Output;
  actual: Output;
}

/** What is known of one version over a time. */
export interface Side {
  /** Requests that it answered or failed, and those that it failed. */
  asked: number;
  errors: number;
  answered: AnsweredRequest[];
  labelled: LabelledOutput[];
}

/** A part of the evidence that belongs to one version. */
export function sideOf(
  version: number,
  counts: Pick<Side, 'asked' | 'errors'>,
  seen: Pick<Side, 'answered' | 'labelled'>,
): Side {
  const isOfVersion = (each: { version: number }) => each.version === version;
  return {
    ...counts,
    answered: seen.answered.filter(isOfVersion),
    labelled: seen.labelled.filter(isOfVersion),
  };
}

/**
 * By what a sample of groups is worth less than one of independent draws, 1 for groups of one. Nothing is assumed of how
 * alike members of a group are: the worst is, which never finds a difference too early.
 *
 * Source: Kish (1965), "Survey Sampling", 8.2: the design effect at a correlation of 1 within groups of unequal sizes.
 */
export function independence(groups: readonly string[]): number {
  if (groups.length === 0) return 1;
  const sizes = new Map<string, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const squares = [...sizes.values()].reduce((sum, size) => sum + size * size, 0);
  return groups.length / squares;
}
