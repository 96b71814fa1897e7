import { dataSuite } from './data.ts';
import { decisionsSuite } from './decisions.ts';
import { driftSuite } from './drift.ts';
import { printFigures, type Suite } from './figures.ts';
import { loopSuite } from './loop.ts';
import { servingSuite } from './serving.ts';
import { trainingSuite } from './training.ts';

const suites: Record<string, Suite> = {
  decisions: decisionsSuite,
  data: dataSuite,
  drift: driftSuite,
  loop: loopSuite,
  serving: servingSuite,
  training: trainingSuite,
};

const [name = '', ...options] = process.argv.slice(2);
const suite = suites[name];
if (suite === undefined) {
  process.stderr.write(
    `error: no suite is named "${name}"; npm run bench -- <suite>, with one of: ${Object.keys(suites).join(', ')}\n`,
  );
  process.exit(2);
}
const figures = await suite({ say: (line) => process.stderr.write(`${line}\n`) });
printFigures(figures, options.includes('--json'));
process.exit(figures.every(({ isMet }) => isMet) ? 0 : 1);
