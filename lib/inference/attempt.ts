import { EvergreenError } from '../shared/errors.ts';
import type { ServedVersion } from './loaded-models.ts';
import type { Variant } from './prediction-record.ts';
import type { WireRequest } from './request-body.ts';
import type { BodyReader } from './wire.ts';

/** What is known of a request before a version is chosen for it. */
export interface Facts {
  read: BodyReader;
  predictionId: string;
  traceId: string;
  readingMs: number;
  /** The header x-evergreen-caller, or else the API key; undefined of callers who have neither. */
  callerKey?: string | undefined;
}

export interface Attempt extends Facts {
  variant: Variant;
  served: ServedVersion;
  isPinned?: boolean;
  caller?: string | undefined;
}

/** What did not fit the request counts against no version. */
export const isCallersFault = (thrown: unknown): thrown is EvergreenError =>
  thrown instanceof EvergreenError && thrown.kind === 'invalid';

export const callerKeyOf = ({ headers }: Pick<WireRequest, 'headers'>) =>
  headers['x-evergreen-caller'] ?? headers['x-api-key'];
