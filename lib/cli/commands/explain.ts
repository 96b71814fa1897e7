import * as z from 'zod';
import type { Row } from '../../data/dataset.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { callApi } from '../http.ts';
import { type Block, lines, type Outcome, table } from '../outcome.ts';
import { rowsFromJson } from '../row-files.ts';
import { requireModel } from '../stack-outputs.ts';

const explained = z.looseObject({
  label: z.string().optional(),
  answer: z.number(),
  base: z.number(),
  contributions: z.record(z.string(), z.number()),
});

const reply = z.looseObject({
  model: z.string(),
  version: z.int(),
  output: z.enum(['score', 'vote', 'value']),
  method: z.enum(['enumeration', 'permutation']),
  explanations: z.array(explained),
});
type Reply = z.infer<typeof reply>;

const digits = (value: number) => Number(value.toPrecision(6));

/** A table of what each feature contributed to the answer to a row, the largest contribution first. */
export function explanationView(answered: Reply, rows: readonly Row[]): Block[] {
  const { output, method, model, version } = answered;
  const unit = output === 'value' ? 'value' : `${output} of the label`;
  return [
    ...answered.explanations.flatMap(({ label, answer, base, contributions }, place) => {
      const sorted = Object.entries(contributions).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
      return [
        lines(
          `row ${place}: ${label ?? digits(answer)}${label === undefined ? '' : ` (${output} ${digits(answer)})`}`,
        ),
        table(
          ['feature', 'given', 'contribution'],
          [
            ['(on average)', null, digits(base)],
            ...sorted.map(([name, share]): [string, string | number | boolean | null, number] => [
              name,
              rows[place]?.[name] ?? null,
              digits(share),
            ]),
          ],
        ),
      ];
    }),
    lines(
      `contributions to the ${unit} add up to it; ${method === 'enumeration' ? 'exact' : 'estimated from fixed orders of the features'}`,
      `explained by ${model} version ${version}`,
    ),
  ];
}

export async function explain(context: Context, model: string, options: { row: string }): Promise<Outcome> {
  const rows = rowsFromJson(options.row, '--row');
  const { api, outputs } = await connect(context);
  requireModel(outputs, model);
  const path = `/models/${encodeURIComponent(model)}/explain`;
  const answered = reply.parse(await callApi(api, 'POST', path, { rows }));
  return { data: answered, view: explanationView(answered, rows) };
}
