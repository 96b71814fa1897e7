import * as z from 'zod';
import { EvergreenError } from '../../shared/errors.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { callApi } from '../http.ts';
import { lines, type Outcome, table } from '../outcome.ts';
import { chunksOf, rowsFromFile } from '../row-files.ts';
import { modelNames, requireModel } from '../stack-outputs.ts';

const labelsPerRequest = 500;

/** What the API answers. */
export const feedbackReply = z.looseObject({
  accepted: z.int(),
  corrected: z.int(),
  repeated: z.int(),
  refused: z.array(z.looseObject({ index: z.int(), pointer: z.string(), message: z.string() })),
});

const entry = z.object({
  predictionId: z.string().min(1),
  row: z.int().min(0).default(0),
  label: z.union([z.string(), z.number()]).optional(),
  thumb: z.enum(['up', 'down']).optional(),
});
type Entry = z.infer<typeof entry>;

export interface FeedbackOptions {
  label?: string | undefined;
  thumb?: 'up' | 'down' | undefined;
  row?: number | undefined;
  model?: string | undefined;
  file?: string | undefined;
}

/** @throws EvergreenError `usage-invalid`, `file-unreadable`. */
export function entriesOf(predictionId: string | undefined, options: FeedbackOptions): Entry[] {
  if (options.file !== undefined) {
    if (predictionId !== undefined || options.label !== undefined || options.thumb !== undefined) {
      throw new EvergreenError(
        'usage-invalid',
        'give either --file or a prediction id with --label or --thumb',
      );
    }
    return rowsFromFile(options.file).map((row, index) => {
      // A table of labels and thumbs has empty cells.
      const said = Object.entries(row).filter(([, value]) => value !== null && value !== '');
      const parsed = entry.safeParse(Object.fromEntries(said));
      const isSaid = parsed.data?.label !== undefined || parsed.data?.thumb !== undefined;
      if (parsed.success && isSaid) return parsed.data;
      throw new EvergreenError(
        'file-unreadable',
        `${options.file}: row ${index + 1} needs predictionId, label or thumb (up, down) and, unless it is 0, row`,
      );
    });
  }
  const { label, thumb, row = 0 } = options;
  if (predictionId === undefined || (label === undefined && thumb === undefined)) {
    throw new EvergreenError('usage-invalid', 'give a prediction id with --label or --thumb, or --file');
  }
  return [{ predictionId, row, label, thumb }];
}

/** The model is part of the address; with one model deployed nobody has to say it. */
async function modelOf(connection: Connection, given: string | undefined, entries: Entry[]): Promise<string> {
  const names = modelNames(connection.outputs);
  if (given !== undefined) {
    requireModel(connection.outputs, given);
    return given;
  }
  if (names.length === 1 && names[0] !== undefined) return names[0];
  const receipt = z
    .looseObject({ model: z.string() })
    .parse(
      await callApi(
        connection.api,
        'GET',
        `/predictions/${encodeURIComponent(entries[0]?.predictionId ?? '')}`,
      ),
    );
  return receipt.model;
}

/** Files and command lines do not tell 1 from "1": the model does. */
export function labelsFor(entries: Entry[], predictsNumbers: boolean): Entry[] {
  return entries.map((given) => {
    if (given.label === undefined) return given;
    if (!predictsNumbers) return { ...given, label: String(given.label) };
    const value = Number(given.label);
    return String(given.label).trim() !== '' && Number.isFinite(value) ? { ...given, label: value } : given;
  });
}

async function send(connection: Connection, model: string, entries: Entry[]) {
  const path = `/models/${encodeURIComponent(model)}/feedback`;
  return feedbackReply.parse(await callApi(connection.api, 'POST', path, { feedback: entries }));
}

export async function feedback(
  context: Context,
  predictionId: string | undefined,
  options: FeedbackOptions,
): Promise<Outcome> {
  const entries = entriesOf(predictionId, options);
  const connection = await connect(context);
  const model = await modelOf(connection, options.model, entries);
  const labels = labelsFor(entries, await predictsNumbers(connection, model));
  const totals = { accepted: 0, corrected: 0, repeated: 0 };
  const refused: { index: number; message: string }[] = [];
  for (const [index, chunk] of chunksOf(labels, labelsPerRequest).entries()) {
    const answered = await send(connection, model, chunk);
    totals.accepted += answered.accepted;
    totals.corrected += answered.corrected;
    totals.repeated += answered.repeated;
    refused.push(
      ...answered.refused.map((one) => ({
        index: one.index + index * labelsPerRequest,
        message: one.message,
      })),
    );
  }
  return {
    data: { model, ...totals, refused },
    view: [
      lines(
        `${totals.accepted} entries taken for ${model} (${totals.repeated} known before, ${totals.corrected} corrected)`,
      ),
      ...(refused.length === 0
        ? []
        : [
            table(
              ['entry', 'refused because'],
              refused.map((one) => [one.index, one.message]),
            ),
          ]),
    ],
    ...(refused.length === 0 ? {} : { exitCode: 2 }),
  };
}

/** Metadata of the Open Inference Protocol: a regressor gives one tensor named `value`. */
async function predictsNumbers(connection: Connection, model: string): Promise<boolean> {
  const metadata = z
    .looseObject({ outputs: z.array(z.looseObject({ name: z.string() })).default([]) })
    .parse(await callApi(connection.api, 'GET', `/v2/models/${encodeURIComponent(model)}`));
  return metadata.outputs.some((output) => output.name === 'value');
}
