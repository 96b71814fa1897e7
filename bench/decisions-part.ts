import { abFigures } from './decisions-ab.ts';
import { rolloutFigures } from './decisions-rollouts.ts';
import { yearFigures } from './decisions-year.ts';
import { driftOdds } from './drift/odds.ts';
import { qualityOdds } from './drift/quality-odds.ts';
import type { Suite } from './figures.ts';

/*
 * One part of the odds, as a process of its own. Prints its figures as JSON.
 *
 *     node bench/decisions-part.ts <part>
 */

const parts: Record<string, Suite> = {
  rollouts: async ({ say }) => rolloutFigures(say),
  'ab-tests': async ({ say }) => abFigures(say),
  year: async ({ say }) => yearFigures(say),
  drift: driftOdds,
  quality: qualityOdds,
};

const [name = ''] = process.argv.slice(2);
const part = parts[name];
if (!part) throw new Error(`there is no part "${name}", only ${Object.keys(parts).join(', ')}`);
const figures = await part({ say: (line) => process.stderr.write(`${line}\n`) });
process.stdout.write(JSON.stringify(figures));
