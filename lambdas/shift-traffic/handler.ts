import * as z from 'zod';
import { findCandidate, mayJoin } from '../../lib/registry/candidates.ts';
import type { LiveChange } from '../../lib/registry/next-live.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { documentClient } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const request = z.object({
  runId: z.string(),
  model: z.string(),
  version: z.int(),
  change: z.enum([
    'start-canary',
    'widen-canary',
    'promote-candidate',
    'promote-first',
    'promote-replayed',
    'withdraw-candidate',
  ]),
  weight: z.number().default(0),
  stickyBy: z.enum(['request', 'caller']).optional(),
  /** Most candidates of the A/B test that a start begins or joins. */
  arms: z.int().min(1).default(1),
  /** Revision of what was live when the run began: a rollback since then is not undone. */
  liveRevision: z.int().min(0).optional(),
  why: z.string(),
  figures: z.record(z.string(), z.unknown()).default({}),
});

function changeOf(input: z.infer<typeof request>): LiveChange {
  const { version, weight, runId, liveRevision, stickyBy, arms } = input;
  switch (input.change) {
    case 'start-canary':
      return { kind: 'start-canary', version, weight, runId, liveRevision, stickyBy, arms };
    case 'widen-canary':
      return { kind: 'widen-canary', version, weight };
    case 'withdraw-candidate':
      return { kind: 'withdraw-candidate', version };
    case 'promote-candidate':
      return { kind: 'promote', version, asCandidate: true };
    case 'promote-first':
      return { kind: 'promote', version, asFirst: true };
    case 'promote-replayed':
      return { kind: 'promote', version, liveRevision };
  }
}

/** Moves traffic for a rollout; the same call twice moves it once. */
export const handler = stepHandler(request, async (input) => {
  const { REGISTRY_TABLE } = readEnvironment({ REGISTRY_TABLE: z.string() });
  const at = new Date().toISOString();
  const live = await new RegistryStore(documentClient(), REGISTRY_TABLE).change(
    input.model,
    changeOf(input),
    {
      who: `run:${input.runId}`,
      why: input.why,
      at,
      details: input.figures,
    },
  );
  const candidate = findCandidate(live, input.version);
  // A repeated call must not move the beginning of a step.
  const since = candidate ? (candidate.weightSince ?? candidate.since) : at;
  const champion = live.champion?.version ?? null;
  return { revision: live.revision, at: since, champion, mayJoin: mayJoin(live) };
});
