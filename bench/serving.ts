import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Suite } from './figures.ts';
import { measureCore } from './serving/core.ts';
import { measureGrowth } from './serving/growth.ts';
import { measureHttp, measureStart } from './serving/http.ts';
import { measureLambda } from './serving/lambda.ts';
import { requireWrk } from './serving/load.ts';
import { exportModels, trainModels } from './serving/models.ts';
import { bareProgram, ownProgram, peerPrograms } from './serving/programs.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** The inference core beside the session alone, and the standalone server beside those of others. */
export const servingSuite: Suite = async ({ say }) => {
  requireWrk();
  const work = mkdtempSync(join(tmpdir(), 'evergreen-serving-'));
  try {
    const { iris, forest, irisFile } = trainModels(join(work, 'trained'));
    const { figures: core, oneRowMs } = await measureCore([iris, forest], say);
    const models = join(work, 'models');
    await exportModels(models, [['iris', iris]]);
    const bundle = join(work, 'server');
    execFileSync(process.execPath, ['bin/bundle-server.ts', bundle], { cwd: repository, stdio: 'inherit' });
    const own = ownProgram(bundle, models);
    const start = await measureStart(own, iris);
    const http = await measureHttp(
      own,
      bareProgram(irisFile),
      peerPrograms(irisFile, work, say),
      iris,
      work,
      say,
    );
    const growth = await measureGrowth(bundle, iris, work, say);
    const lambda = await measureLambda(irisFile, oneRowMs, say);
    return [...core, start, ...http, ...growth, ...lambda];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};
