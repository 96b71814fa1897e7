import * as z from 'zod';
import { RunStore } from '../../lib/intake/runs.store.ts';
import { documentClient } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const request = z.object({
  runId: z.string(),
  version: z.int(),
  taskToken: z.string(),
  timeoutSeconds: z.number(),
});

/** Lets a run wait for a person: keeps the token with which `evergreen models approve` lets it go on. */
export const handler = stepHandler(request, async ({ runId, version, taskToken, timeoutSeconds }) => {
  const { RUNS_TABLE } = readEnvironment({ RUNS_TABLE: z.string() });
  const runs = new RunStore(documentClient(), RUNS_TABLE);
  const expiresAt = new Date(Date.now() + timeoutSeconds * 1000).toISOString();
  await runs.keepApproval({ runId, version, taskToken, expiresAt });
  await runs.update(runId, ['queued', 'running'], {
    status: 'waiting-for-approval',
    version,
    reason: `version ${version} waits for a person: evergreen models approve ${runId}, until ${expiresAt}`,
  });
});
