/** How an error is answered at each door; see docs/errors.md. */
export type ErrorKind = 'invalid' | 'not-found' | 'conflict' | 'not-allowed' | 'unavailable' | 'internal';

/** What is said of a code wherever it comes from. */
export interface CatalogueEntry {
  kind: ErrorKind;
  meaning: string;
  remedy: string;
}
