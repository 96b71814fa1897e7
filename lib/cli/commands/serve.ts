import { EvergreenError } from '../../shared/errors.ts';
import type { Outcome } from '../outcome.ts';

/** The standalone server is planned; saying so beats a command that half works. */
export async function serve(): Promise<Outcome> {
  throw new EvergreenError(
    'not-built-yet',
    'the standalone server is not built yet; predictions are answered by the deployed API: `npx evergreen predict <model> --row …`',
  );
}
