import * as z from 'zod';
import { modelDefinition } from '../model/definition.ts';
import { signatureOf } from '../model/signature.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { goldenAnswers } from '../training/model-package.ts';
import { compareGolden } from './golden.ts';
import { openSession } from './session.ts';
import { type TrialReport, trialReport } from './trial.ts';

const trialRequest = z.object({
  model: z.instanceof(Uint8Array),
  modelDigest: z.string(),
  definition: modelDefinition,
  golden: goldenAnswers,
});

/** Loads the model and lets it answer its golden rows, together and one by one. */
export async function runTrial(message: unknown): Promise<TrialReport> {
  try {
    const request = trialRequest.parse(message);
    const session = await openSession(request);
    const { outputs } = signatureOf(request.definition);
    const alone = [];
    for (const row of request.golden.rows) alone.push(...(await session.predict([row])));
    const difference = compareGolden(alone, request.golden, 'label' in outputs ? outputs.classes : []);
    if (difference === undefined) return { outcome: 'passed' };
    const says = `the answers depend on which rows come together: alone, ${difference}`;
    return { outcome: 'refused', code: 'golden-mismatch', message: says };
  } catch (thrown) {
    const code = thrown instanceof EvergreenError ? thrown.code : 'internal';
    const report = trialReport.safeParse({ outcome: 'refused', code, message: messageOf(thrown) });
    return report.success
      ? report.data
      : { outcome: 'refused', code: 'internal', message: messageOf(thrown) };
  }
}

function say(report: TrialReport): void {
  process.send?.(report);
}

/** The whole life of a trial process: one request, one report. */
export function serveTrial(): void {
  process.once('message', (message: unknown) => {
    runTrial(message).then(say);
  });
  say({ outcome: 'ready' });
}
