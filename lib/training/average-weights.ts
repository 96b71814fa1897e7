import * as z from 'zod';
import { EvergreenError } from '../shared/errors.ts';

/** What a party's job leaves; see training/evergreen_training/federated/party.py. */
export const federatedUpdate = z.strictObject({
  schema: z.literal('evergreen/federated-update/v1'),
  party: z.string(),
  round: z.int().positive(),
  rows: z.int(),
  weights: z.array(z.unknown()),
});
export type FederatedUpdate = z.infer<typeof federatedUpdate>;

/** What a round's updates have to be. */
export interface RoundTerms {
  parties: readonly string[];
  round: number;
  /** Weights the model has. */
  count: number;
}

/** A round's average, and the rows of each party in it. */
export interface Average {
  weights: number[];
  parties: { name: string; rows: number }[];
}

const refuse = (party: string, message: string): never => {
  throw new EvergreenError('federated-update-invalid', `party ${party}: ${message}`, { details: { party } });
};

/**
 * The mean of the parties' weights, each party's counted as often as it has rows.
 *
 * Source: McMahan et al. (2017), "Communication-Efficient Learning of Deep Networks from Decentralized Data",
 * algorithm 1. One party's update too few, or one that is no such update, and there is no average at all.
 *
 * @param updates By party.
 * @throws EvergreenError `federated-update-invalid` that names the party.
 */
export function averageWeights(updates: ReadonlyMap<string, FederatedUpdate>, terms: RoundTerms): Average {
  const checked = terms.parties.map((party) => {
    const update = updates.get(party) ?? refuse(party, 'it left no update');
    return { name: party, rows: update.rows, weights: checkUpdate(party, update, terms) };
  });
  const total = checked.reduce((sum, { rows }) => sum + rows, 0);
  const weights = Array.from({ length: terms.count }, (_, place) =>
    checked.reduce((sum, each) => sum + (each.rows / total) * (each.weights[place] ?? Number.NaN), 0),
  );
  return { weights, parties: checked.map(({ name, rows }) => ({ name, rows })) };
}

function checkUpdate(party: string, update: FederatedUpdate, { round, count }: RoundTerms): number[] {
  if (update.party !== party) refuse(party, `its update is signed by ${JSON.stringify(update.party)}`);
  if (update.round !== round)
    refuse(party, `its update is one of round ${update.round}, and this is round ${round}`);
  if (update.rows < 1) refuse(party, `its update comes from ${update.rows} rows; it takes at least one`);
  if (update.weights.length !== count) {
    refuse(party, `its update has ${update.weights.length} weights, and the model has ${count}`);
  }
  const finite = update.weights.filter((each): each is number => Number.isFinite(each));
  const wrong = count - finite.length;
  return wrong === 0 ? finite : refuse(party, `${wrong} of its ${count} weights are no finite numbers`);
}
