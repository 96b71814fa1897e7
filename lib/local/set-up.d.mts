export class SetUpError extends Error {
  readonly remedy: string;
}

export function inspectSetUp(root: string): { node: boolean; python: boolean };

export function ensureSetUp(options: {
  root: string;
  needsPython: boolean;
  say: (line: string) => void;
}): Promise<void>;
