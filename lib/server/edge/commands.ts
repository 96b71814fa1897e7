import { join } from 'node:path';
import { Serving } from '../../inference/serving.ts';
import type { Answered } from '../../inference/serving-event.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { exportAt, type ServeOptions, settingsOf } from '../serve-options.ts';
import { type RunningServer, startServer } from '../server.ts';
import { CaptureQueue } from './capture-queue.ts';
import { labelLine, predictionLine } from './edge-line.ts';
import { type EdgeModels, edgeModels, type VerifiedModel, verifyModels } from './exported-models.ts';
import { sendTo } from './send-batch.ts';
import { type SyncReport, syncCaptures } from './sync-captures.ts';

/** Where an archive was unpacked, and where it keeps what it predicts. */
export interface EdgePlace {
  models: string;
  captures: string;
  /** Bytes of captures that are kept at most. */
  limitBytes: number;
  /** Public key whose signatures count. @default - the one in the archive */
  trustFile: string | undefined;
  serverVersion: string;
}

type Log = (entry: object) => void;

function openQueue({ captures, limitBytes }: EdgePlace, onDrop?: (records: number) => void): CaptureQueue {
  try {
    return new CaptureQueue({ folder: captures, limitBytes, ...(onDrop ? { onDrop } : {}) });
  } catch (cause) {
    throw new EvergreenError(
      'usage-invalid',
      `predictions cannot be kept in ${captures}; name a folder that can be written with --captures`,
      { cause },
    );
  }
}

const lineOf = (models: EdgeModels, event: Answered) =>
  predictionLine(event, models.packageDigestOf(event.answer));

export const verify = ({ models, trustFile }: EdgePlace): Promise<VerifiedModel[]> =>
  verifyModels(models, trustFile);

/** Answers over HTTP until it is stopped. An archive that does not hold is not served at all. */
export async function serve(
  place: EdgePlace,
  options: Pick<ServeOptions, 'host' | 'port' | 'keys' | 'open'>,
  log: Log,
): Promise<RunningServer & { host: string; models: VerifiedModel[] }> {
  const settings = settingsOf(exportAt(place.models), { ...options, workers: 1 });
  const models = await verify(place);
  const source = await edgeModels(place.models, place.trustFile);
  const server = await startServer({
    settings,
    source,
    serverVersion: place.serverVersion,
    log: (line) => log(JSON.parse(line)),
    openCapture(onDrop) {
      const queue = openQueue(place, (records) => {
        for (let each = 0; each < records; each += 1) onDrop();
        log({ level: 'warn', kind: 'captures-dropped', records });
      });
      return { take: (event) => queue.add(lineOf(source, event)), close: () => queue.close() };
    },
  });
  return { ...server, host: settings.host, models };
}

/** The reply to one request of rows, as the server would give it. */
export async function predict(
  place: EdgePlace,
  rows: unknown[],
  model: string | undefined,
): Promise<{ status: number; reply: unknown }> {
  const source = await edgeModels(place.models, place.trustFile);
  const name = model ?? onlyModel(source.modelNames);
  const queue = openQueue(place);
  let refusal: string | undefined;
  const serving = new Serving({
    source,
    serverVersion: place.serverVersion,
    report(event) {
      if (event.kind === 'prediction') queue.add(lineOf(source, event));
      if (event.kind === 'version-refused') refusal = event.message;
    },
  });
  const response = await serving.handle({
    method: 'POST',
    path: `/models/${encodeURIComponent(name)}/predict`,
    headers: {},
    body: new TextEncoder().encode(JSON.stringify({ rows })),
    traceId: crypto.randomUUID().replaceAll('-', ''),
  });
  await queue.close();
  // Callers over HTTP are not told which file it is; who runs the archive is.
  if (refusal !== undefined) throw new EvergreenError('artifact-damaged', refusal);
  return { status: response.status, reply: JSON.parse(Buffer.from(response.body).toString()) };
}

function onlyModel(names: readonly string[]): string {
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new EvergreenError('usage-invalid', `say --model <name>, one of ${names.join(', ')}`);
}

/** Keeps what turned out to be true of a row, to be sent with the predictions. */
export async function label(
  place: EdgePlace,
  given: { predictionId: string; row: number; label: string },
  model: string | undefined,
): Promise<void> {
  const source = await edgeModels(place.models, place.trustFile);
  const name = model ?? onlyModel(source.modelNames);
  const champion = (await source.readLive(name))?.champion;
  if (!champion) throw new EvergreenError('artifact-damaged', `the archive holds no version of ${name}`);
  const { definition, session } = await source.open(champion);
  await session.release();
  const { target } = definition;
  const value = target.type === 'number' ? Number(given.label) : given.label;
  if (target.type === 'number' ? !Number.isFinite(value) : !target.categories.includes(given.label)) {
    const allowed =
      target.type === 'number' ? 'a number is needed' : `allowed are ${target.categories.join(', ')}`;
    throw new EvergreenError('usage-invalid', `the label is ${given.label}; ${allowed}`);
  }
  const queue = openQueue(place);
  queue.add(labelLine(name, { ...given, label: value }));
  await queue.close();
}

export const sync = (
  { captures }: EdgePlace,
  api: { url: string; key: string },
  onProgress: (text: string) => void,
): Promise<SyncReport> => syncCaptures(captures, sendTo(api), onProgress);

/** Beside the program: an archive is unpacked as one folder. */
export const placesBeside = (folder: string) => ({
  models: join(folder, 'models'),
  captures: join(folder, 'captures'),
});
