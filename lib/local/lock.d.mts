export function isAlive(pid: number): boolean;

export function underLock<Result>(
  path: string,
  options: { what: string; waitMs: number; say: (line: string) => void },
  work: () => Promise<Result>,
): Promise<Result>;
