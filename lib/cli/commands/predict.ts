import * as z from 'zod';
import type { Row } from '../../data/dataset.ts';
import { prediction } from '../../inference/prediction-record.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { callApi } from '../http.ts';
import { lines, type Outcome, table } from '../outcome.ts';
import { chunksOf, rowsFromFile, rowsFromJson } from '../row-files.ts';
import { requireModel } from '../stack-outputs.ts';
import { type BatchOptions, isForBatch, predictBatch } from './predict-batch.ts';

const rowsPerRequest = 500;

const reply = z.looseObject({
  predictionId: z.string(),
  model: z.string(),
  version: z.int(),
  predictions: z.array(prediction),
});
type Reply = z.infer<typeof reply>;

/** One request to the prediction API. */
export async function predictRows(api: Connection['api'], model: string, rows: Row[]): Promise<Reply> {
  return reply.parse(await callApi(api, 'POST', `/models/${encodeURIComponent(model)}/predict`, { rows }));
}

function answerOf(answer: Reply['predictions'][number]): [string | number, string | null] {
  if ('value' in answer) return [answer.value, null];
  const score = answer.scores?.[answer.label];
  return [answer.label, score === undefined ? null : score.toFixed(3)];
}

export interface PredictOptions extends BatchOptions {
  row?: string | undefined;
  file?: string | undefined;
}

export async function predict(context: Context, model: string, options: PredictOptions): Promise<Outcome> {
  if ((options.row === undefined) === (options.file === undefined)) {
    throw new EvergreenError('usage-invalid', 'give either --row with one JSON object or --file');
  }
  if (options.file !== undefined && isForBatch(options.file, options)) {
    return predictBatch(context, model, options.file, options);
  }
  if (options.row !== undefined && isForBatch('', options)) {
    throw new EvergreenError(
      'usage-invalid',
      '--batch, --output, --version and --no-wait are about a file; give --file in place of --row',
    );
  }
  const rows =
    options.file === undefined ? rowsFromJson(options.row ?? '', '--row') : rowsFromFile(options.file);
  const { api, outputs } = await connect(context);
  requireModel(outputs, model);
  const replies: Reply[] = [];
  for (const chunk of chunksOf(rows, rowsPerRequest)) {
    context.progress({
      kind: 'step',
      text: `predict: ${replies.length * rowsPerRequest} of ${rows.length} rows`,
    });
    replies.push(await predictRows(api, model, chunk));
  }
  const answers = replies.flatMap((answered) =>
    answered.predictions.map((answer, row) => ({
      predictionId: answered.predictionId,
      row,
      version: answered.version,
      ...answer,
    })),
  );
  const versions = [...new Set(answers.map((answer) => answer.version))].join(', ');
  return {
    data: { model, replies },
    view: [
      table(
        ['row', 'answer', 'score', 'version', 'prediction id'],
        replies.flatMap((answered, chunk) =>
          answered.predictions.map((answer, row) => [
            chunk * rowsPerRequest + row,
            ...answerOf(answer),
            answered.version,
            answered.predictionId,
          ]),
        ),
      ),
      lines(
        `${answers.length === 1 ? '1 row' : `${answers.length} rows`} answered by ${model} version ${versions}`,
      ),
    ],
  };
}
