import * as z from 'zod';
import { type RetrainRequest, retrainRequest, runIdOfRequest } from '../intake/arrival.ts';
import type { DeployedModel } from '../model/deployed-model.ts';
import type { Live } from '../registry/registry.ts';
import {
  coolDownLeftMinutes,
  fruitlessRetrains,
  maxFruitlessRetrains,
  oneMoreRetrain,
  type Retrains,
  retrainsOfDay,
} from './budget.ts';

/** What labels and new code asked for so far; written before it is sent, so that it is sent once and to the end. */
export const asked = z.object({
  revision: z.int().min(1),
  status: z.enum(['asked', 'sent']),
  /** The last request. */
  request: retrainRequest,
  /** How many labelled rows had come since the training of a version when they last asked; the newest first. */
  labels: z.array(z.object({ version: z.int(), rows: z.int() })),
  /** Digests of what was deployed and asked for a run, the newest first. */
  code: z.array(z.string()),
});
export type Asked = z.infer<typeof asked>;

const versionsKept = 20;

/** Everything that a request rests on. */
export interface AskingSituation {
  deployed: DeployedModel;
  live: Pick<Live, 'champion'>;
  /** Labelled rows that the champion's dataset was not made of, counted up to {@link labelsWanted}. */
  newLabels: number;
  /** Whether a version was registered under the digest that is deployed. */
  isCodeKnown: boolean;
  asked: Asked | undefined;
  retrains: Retrains | undefined;
  /** A run of the model that has not ended. */
  runInFlight: string | undefined;
  now: Date;
}

export type Asking =
  | { outcome: 'ask'; asked: Asked; retrains: Retrains }
  /** What was asked for may not have been sent. */
  | { outcome: 'send again'; asked: Asked }
  | { outcome: 'nothing' | 'wait'; reason: string; page: boolean };

/** How many new labelled rows ask for the next run; undefined when labels ask for none. */
export function labelsWanted({
  deployed,
  live: { champion },
  asked,
}: Pick<AskingSituation, 'deployed' | 'live' | 'asked'>): number | undefined {
  const { everyLabels } = deployed.definition.retrain;
  if (everyLabels === undefined || !champion) return undefined;
  const before = asked?.labels.find(({ version }) => version === champion.version);
  return everyLabels + (before?.rows ?? 0);
}

function requestOf(s: AskingSituation, champion: number): RetrainRequest | undefined {
  const { deployed, asked, newLabels } = s;
  const { name: model, retrain } = deployed.definition;
  if (retrain.onNewCode && !s.isCodeKnown && !asked?.code.includes(deployed.digest)) {
    const reason = `no version was trained with what is deployed now (${deployed.digest.slice(0, 12)})`;
    return { kind: 'new-code', model, reason, requestId: `code-${deployed.digest}` };
  }
  const wanted = labelsWanted(s);
  if (wanted === undefined || newLabels < wanted) return undefined;
  const reason = `${wanted} labelled rows came since the training of version ${champion}`;
  return { kind: 'feedback', model, reason, requestId: `labels-${champion}-${wanted}` };
}

/** What holds a request back, and whether a person has to look. */
function whatHoldsBack(
  { retrains, deployed, now, runInFlight }: AskingSituation,
  { kind }: RetrainRequest,
  champion: number,
): { reason: string; page: boolean } | undefined {
  const { retrain } = deployed.definition;
  if (runInFlight) return { reason: `run ${runInFlight} is at work; its result comes first`, page: false };
  // New code is a new attempt: that rows alone brought nothing better does not speak against it.
  if (kind === 'feedback' && fruitlessRetrains(retrains, champion) >= maxFruitlessRetrains) {
    return {
      reason: `${maxFruitlessRetrains} retrains brought no better version than ${champion}`,
      page: true,
    };
  }
  const ofDay = retrainsOfDay(retrains, now).length;
  if (ofDay >= retrain.mostPerDay) {
    return { reason: `${ofDay} of ${retrain.mostPerDay} retrains of a day were asked for`, page: false };
  }
  const left = Math.ceil(coolDownLeftMinutes(retrains, retrain, now));
  if (left > 0) return { reason: `the next retrain may be in ${left} minutes`, page: false };
  return undefined;
}

/** Whether labels or new code ask for a run now. What holds one back does not undo it: it is asked for afterwards. */
export function askRetrain(s: AskingSituation): Asking {
  const { asked, live, deployed, now } = s;
  if (asked?.status === 'asked') return { outcome: 'send again', asked };
  const version = live.champion?.version;
  if (version === undefined) return { outcome: 'nothing', reason: 'there is no champion yet', page: false };
  const request = requestOf(s, version);
  if (!request) return { outcome: 'nothing', reason: 'nothing asks for a run', page: false };
  const back = whatHoldsBack(s, request, version);
  if (back) return { outcome: 'wait', reason: `${request.reason}; ${back.reason}`, page: back.page };
  const { labels = [], code = [] } = asked ?? {};
  const others = labels.filter((each) => each.version !== version);
  return {
    outcome: 'ask',
    retrains: oneMoreRetrain(s.retrains, version, now, runIdOfRequest(request, deployed.digest)),
    asked: {
      revision: (asked?.revision ?? 0) + 1,
      status: 'asked',
      request,
      labels: (request.kind === 'feedback' ? [{ version, rows: s.newLabels }, ...others] : labels).slice(
        0,
        versionsKept,
      ),
      code: (request.kind === 'new-code' ? [deployed.digest, ...code] : code).slice(0, versionsKept),
    },
  };
}
