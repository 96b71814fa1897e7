/** Waits a number of milliseconds. */
export type Pause = (ms: number) => Promise<unknown>;

const longestMs = 1000;

/** Milliseconds to wait after an attempt, counted from 1; random, so that those who met once do not meet again. */
export const backoffMs = (attempt: number) => Math.random() * Math.min(20 * 2 ** attempt, longestMs);
