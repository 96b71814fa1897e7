import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { EvergreenError } from '../../shared/errors.ts';
import { readRequiredBytes } from '../../shared/objects.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { type Block, type CellValue, fields, lines, type Outcome, table } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';

const document = z.record(z.string(), z.unknown());

/** Measures now, or shows what was measured last. */
export async function drift(
  context: Context,
  model: string,
  { now }: { now?: boolean | undefined },
): Promise<Outcome> {
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  if (now === true) {
    context.progress({ kind: 'step', text: `drift: measuring ${model}` });
    const answer = await measure(connection, model);
    return { data: { model, ...answer }, view: viewOf(answer) };
  }
  const key = await newestReport(connection, model);
  if (key === undefined) {
    return {
      data: { model, reportKey: null, report: null },
      view: [lines(`${model} was never measured; do it now with \`npx evergreen drift ${model} --now\``)],
    };
  }
  const bytes = await readRequiredBytes(connection.s3, { bucket: connection.outputs.DataBucket, key });
  const report = document.parse(JSON.parse(new TextDecoder().decode(bytes)));
  return {
    data: { model, reportKey: key, report },
    view: [lines(`measured before: ${key}`), ...viewOf(report)],
  };
}

async function measure({ lambda, outputs }: Connection, model: string): Promise<Record<string, unknown>> {
  const answer = await lambda.send(
    new InvokeCommand({
      FunctionName: outputs.MeasureDriftFunction,
      Payload: new TextEncoder().encode(JSON.stringify({ model })),
    }),
  );
  const text = new TextDecoder().decode(answer.Payload);
  if (answer.FunctionError === undefined) return document.parse(JSON.parse(text));
  const { errorMessage } = z.looseObject({ errorMessage: z.string().default(text) }).parse(JSON.parse(text));
  throw new EvergreenError('internal', `measuring ${model} failed: ${errorMessage}`);
}

/** Keys of reports are named by time, so the last one by name is the newest. */
async function newestReport({ s3, outputs }: Connection, model: string): Promise<string | undefined> {
  let newest: string | undefined;
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: outputs.DataBucket,
        Prefix: `monitoring/${model}/`,
        ContinuationToken: token,
      }),
    );
    for (const { Key } of page.Contents ?? []) {
      if (Key?.endsWith('.json') && (newest === undefined || Key > newest)) newest = Key;
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return newest;
}

const isPlain = (value: unknown): value is CellValue =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

/** Plain members as fields; each list of objects as a table of its plain members. */
function viewOf(answer: Record<string, unknown>, prefix = ''): Block[] {
  const plain: [string, CellValue][] = [];
  const rest: Block[] = [];
  for (const [name, value] of Object.entries(answer)) {
    if (isPlain(value)) plain.push([`${prefix}${name}`, value]);
    else if (Array.isArray(value) && value.every(isPlain))
      plain.push([`${prefix}${name}`, value.length === 0 ? null : value.join(', ')]);
    else if (Array.isArray(value)) rest.push(tableOf(value.map((item) => document.parse(item))));
    else rest.push(...viewOf(document.parse(value), `${prefix}${name}.`));
  }
  return [...(plain.length === 0 ? [] : [fields(...plain)]), ...rest];
}

function tableOf(items: Record<string, unknown>[]): Block {
  const columns = [
    ...new Set(items.flatMap((item) => Object.keys(item).filter((name) => isPlain(item[name])))),
  ];
  const cell = (value: unknown): CellValue => (isPlain(value) ? value : null);
  return table(
    columns,
    items.map((item) => columns.map((name) => cell(item[name]))),
  );
}
