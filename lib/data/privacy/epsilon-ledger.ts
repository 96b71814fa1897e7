import * as z from 'zod';
import { EvergreenError } from '../../shared/errors.ts';

const thousandths = z.int().min(0);

/** ledgers/<model>/<dataset>.json: what was spent of a dataset's epsilon, in thousandths, so that sums are exact. */
export const epsilonLedger = z.object({
  schema: z.literal('evergreen/epsilon-ledger/v1'),
  model: z.string(),
  datasetId: z.string(),
  /** What had been spent of other datasets that hold rows of this one, when it was last looked at. */
  inherited: thousandths,
  spent: z.array(z.object({ at: z.iso.datetime(), who: z.string(), thousandths, what: z.string() })),
});
export type EpsilonLedger = z.infer<typeof epsilonLedger>;

/** What publishing spent of this very dataset. */
export const ownOf = ({ spent }: EpsilonLedger) => spent.reduce((sum, entry) => sum + entry.thousandths, 0);

export const totalOf = ({ inherited, spent }: EpsilonLedger) =>
  spent.reduce((sum, entry) => sum + entry.thousandths, inherited);

/**
 * The ledger with one more entry.
 *
 * @throws EvergreenError `privacy-budget-spent` when that would be more than the budget.
 */
export function spend(
  ledger: EpsilonLedger,
  entry: EpsilonLedger['spent'][number],
  budget: number,
): EpsilonLedger {
  const left = budget - totalOf(ledger);
  if (entry.thousandths > left) {
    throw new EvergreenError(
      'privacy-budget-spent',
      `an epsilon of ${entry.thousandths / 1000} is asked for, and ${Math.max(0, left) / 1000} of ${budget / 1000} is left for dataset ${ledger.datasetId}; ask for less, or publish figures of a dataset of other rows`,
    );
  }
  return { ...ledger, spent: [...ledger.spent, entry] };
}

/** The ledger of a dataset that two deployments published of: all that either spent. */
export function mergeLedgers(here: EpsilonLedger, there: EpsilonLedger): EpsilonLedger {
  const known = new Set(here.spent.map((entry) => JSON.stringify(entry)));
  return {
    ...here,
    inherited: Math.max(here.inherited, there.inherited),
    spent: [...here.spent, ...there.spent.filter((entry) => !known.has(JSON.stringify(entry)))],
  };
}
