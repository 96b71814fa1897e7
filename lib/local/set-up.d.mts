export class SetUpError extends Error {
  readonly remedy: string;
}

export function inspectSetUp(root: string): { node: boolean; python: boolean };

export function ensureSetUp(options: {
  root: string;
  needsPython: boolean;
  say: (line: string) => void;
}): Promise<void>;

/** The first Python that is new enough and can make a virtual environment. */
export function findPython(): { path: string };
