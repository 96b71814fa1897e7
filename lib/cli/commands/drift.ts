import { renameSync, writeFileSync } from 'node:fs';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { driftPage } from '../../monitoring/drift-page.ts';
import { type DriftReport, driftReport, reportKeys } from '../../monitoring/drift-report.ts';
import { prometheusText } from '../../monitoring/prometheus-text.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { readRequiredBytes } from '../../shared/objects.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { driftView } from '../drift-view.ts';
import { lines, type Outcome } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';

export interface DriftOptions {
  now?: boolean | undefined;
  /** Where to write the page with the pictures. */
  page?: string | undefined;
  /** Where to write the figures for Prometheus. */
  prometheus?: string | undefined;
}

/** Measures now, or shows what was measured last. */
export async function drift(context: Context, model: string, options: DriftOptions): Promise<Outcome> {
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  if (options.now === true) {
    context.progress({ kind: 'step', text: `drift: measuring ${model}` });
    return show(await measure(connection, model), options);
  }
  const key = await newestReport(connection, model);
  const again = `\`npx evergreen drift ${model} --now\``;
  if (key === undefined) {
    return {
      data: { model, reportKey: null, report: null },
      view: [lines(`${model} was never measured; do it now with ${again}`)],
    };
  }
  const bytes = await readRequiredBytes(connection.s3, { bucket: connection.outputs.DataBucket, key });
  const report = driftReport.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (report.success) return show(report.data, options);
  return {
    data: { model, reportKey: key, report: null },
    view: [lines(`${key} was written by another release; measure anew with ${again}`)],
  };
}

function show(report: DriftReport, { page, prometheus }: DriftOptions): Outcome {
  const { model, measuredAt } = report;
  if (page !== undefined) writeFileSync(page, driftPage(report));
  if (prometheus !== undefined) {
    // Whoever collects the file never sees half of it.
    writeFileSync(`${prometheus}.new`, prometheusText(report));
    renameSync(`${prometheus}.new`, prometheus);
  }
  return {
    data: {
      model,
      reportKey: reportKeys(model, measuredAt).json,
      page: page ?? null,
      prometheus: prometheus ?? null,
      report,
    },
    view: [
      ...driftView(report),
      lines(
        page === undefined
          ? `pictures: \`npx evergreen drift ${model} --page drift.html\``
          : `the page with the pictures is ${page}`,
      ),
    ],
  };
}

async function measure({ lambda, outputs }: Connection, model: string): Promise<DriftReport> {
  const answer = await lambda.send(
    new InvokeCommand({
      FunctionName: outputs.MeasureDriftFunction,
      Payload: new TextEncoder().encode(JSON.stringify({ model })),
    }),
  );
  const text = new TextDecoder().decode(answer.Payload);
  if (answer.FunctionError === undefined) return driftReport.parse(JSON.parse(text));
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
