import * as z from 'zod';
import type { Dispatcher } from '../../lib/intake/dispatcher.ts';
import { pipelineInput } from '../../lib/intake/run.ts';
import { candidatesOf } from '../../lib/registry/candidates.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { documentClient } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { composeDispatcher } from '../dispatcher.ts';
import { stepHandler } from '../step.ts';

/** The part of an "Execution Status Change" event that matters; how it ended is asked of Step Functions itself. */
const statusChange = z.object({ detail: z.object({ name: z.string(), input: z.string() }) });

let dispatcher: Dispatcher | undefined;

/** A run that was stopped in its canary must not leave its candidate in traffic. */
async function leaveNoCandidate(model: string, runId: string): Promise<void> {
  const { REGISTRY_TABLE } = readEnvironment({ REGISTRY_TABLE: z.string() });
  const registry = new RegistryStore(documentClient(), REGISTRY_TABLE);
  const candidate = candidatesOf(await registry.readLive(model)).find((each) => each.runId === runId);
  if (!candidate) return;
  const by = {
    who: `run:${runId}`,
    why: 'the run ended before its rollout did',
    at: new Date().toISOString(),
  };
  await registry.change(model, { kind: 'withdraw-candidate', version: candidate.version }, by);
}

/** An execution of the pipeline ended, however it did: its run says so, and the next one starts. */
export const handler = stepHandler(statusChange, async ({ detail }) => {
  dispatcher ??= composeDispatcher();
  const { model } = pipelineInput.parse(JSON.parse(detail.input));
  await leaveNoCandidate(model, detail.name);
  await dispatcher.end(detail.name, model);
});
