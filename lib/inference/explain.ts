import type { Row } from '../data/dataset.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import type { Explanation } from '../training/explanation.ts';
import type { ServedVersion } from './loaded-models.ts';
import type { Prediction } from './prediction-record.ts';
import { type Attribution, shapleyOf } from './shapley.ts';
import type { BodyReader } from './wire.ts';

export const maxExplainedRows = 10;
const explainDeadlineMs = 10_000;

/** A prediction with what each feature contributed to it. */
export type ExplainedPrediction = Prediction & Attribution;

export interface ExplainReply {
  model: string;
  version: number;
  modelDigest: string;
  datasetId: string;
  traceId: string;
  /** What `answer` is: the given label's score, a vote for it (1), or the value. */
  output: Explanation['output'];
  /** `enumeration` is exact, `permutation` an estimate from fixed orders; both add up. */
  method: 'enumeration' | 'permutation';
  explanations: ExplainedPrediction[];
}

export interface ExplainRequest {
  /** A body as of /predict. */
  read: BodyReader;
  served: ServedVersion;
  traceId: string;
  /** A clock for durations, in milliseconds. */
  stopwatch: () => number;
}

function readRows(read: BodyReader, { loaded }: ServedVersion): readonly Row[] {
  const { rows } = read(loaded).batch;
  if (rows.length <= maxExplainedRows) return rows;
  throw new EvergreenError(
    'request-too-large',
    `/rows has ${rows.length} rows; at most ${maxExplainedRows} are explained in one request`,
  );
}

async function readExplanation({ version, loaded }: ServedVersion): Promise<Explanation> {
  const { name } = loaded.definition;
  let found: Explanation | undefined;
  try {
    found = await loaded.readExplanation();
  } catch (cause) {
    const why = `the explanation of ${name} version ${version.version} cannot be read: ${messageOf(cause)}`;
    throw new EvergreenError('explanation-unavailable', why, { cause });
  }
  if (found) return found;
  throw new EvergreenError(
    'explanation-missing',
    `version ${version.version} of ${name} was trained without an explanation; train it again`,
  );
}

/**
 * Explains what a version answers to the rows of a request.
 *
 * @throws EvergreenError `request-invalid`, `request-too-large`, `explanation-missing` or `explanation-unavailable`.
 */
export async function explain({ read, served, traceId, stopwatch }: ExplainRequest): Promise<ExplainReply> {
  const begun = stopwatch();
  const { version, loaded } = served;
  const { definition, session } = loaded;
  const rows = readRows(read, served);
  const { reference, output } = await readExplanation(served);
  const beforeBatch = async () => {
    if (stopwatch() - begun > explainDeadlineMs) {
      const why = `${rows.length} rows were not explained in ${explainDeadlineMs / 1000} s; send fewer`;
      throw new EvergreenError('explanation-unavailable', why);
    }
    // A session runs synchronously: predictions of the same process get their turn between batches.
    await new Promise((resolve) => setImmediate(resolve));
  };
  const predictions = await session.predict(rows);
  const explanations: ExplainedPrediction[] = [];
  for (const [place, row] of rows.entries()) {
    const prediction = predictions[place];
    if (!prediction) throw new EvergreenError('model-failed', `row ${place} is not answered`);
    const attribution = await shapleyOf({
      row,
      prediction,
      features: Object.keys(definition.features),
      reference,
      predict: (some) => session.predict(some),
      beforeBatch,
    });
    explanations.push({ ...prediction, ...attribution });
  }
  return {
    model: definition.name,
    version: version.version,
    modelDigest: version.modelDigest,
    datasetId: version.datasetId,
    traceId,
    output,
    method: reference.permutations.length > 0 ? 'permutation' : 'enumeration',
    explanations,
  };
}
