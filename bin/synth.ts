import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../lib/local/home.ts';

/*
 * `npm run synth -- [options of cdk synth]`: writes the templates of both stages below cdk.out/, without an account,
 * and holds them to the rule packs. Exits with 1 when a rule is broken that nobody acknowledged.
 */

const cdk = join(repositoryRoot, 'node_modules', '.bin', 'cdk');
const given = process.argv.slice(2);
let worst = 0;
for (const stage of ['local', 'aws']) {
  const output = join('cdk.out', stage);
  const args = ['synth', '--quiet', '--app', 'node bin/evergreen.ts', '--output', output, '--no-notices'];
  const contexts = ['-c', `stage=${stage}`, '-c', 'checks=true'];
  const { status } = spawnSync(cdk, [...args, ...contexts, ...given], {
    cwd: repositoryRoot,
    stdio: 'inherit',
  });
  worst = Math.max(worst, status ?? 1);
  const template = join(output, 'Evergreen.template.json');
  if (status === 0 && existsSync(join(repositoryRoot, template))) process.stdout.write(`${template}\n`);
  else process.stderr.write(`error: stage ${stage} was not synthesised; its findings are in ${output}\n`);
}
process.exitCode = worst;
