import { describe, expect, it } from 'vitest';
import type { QuantisationEvaluation } from '../evaluation/evaluation.ts';
import { diffVersions } from '../registry/card/diff-versions.ts';
import {
  aQuantisation,
  cardDocuments,
  fruitVersion,
  type Wish,
} from '../registry/card/fixtures/documents.ts';
import { makeModelCard } from '../registry/card/make-model-card.ts';
import type { Block } from './outcome.ts';
import { render } from './render.ts';
import { diffView, versionView } from './version-view.ts';

const textOf = (view: Block[]) => render({ data: null, view }, false);
const cardOf = (wish?: Wish) => makeModelCard(fruitVersion(), cardDocuments(wish));

describe('versionView', () => {
  const about = { role: 'champion', reason: null, storedCard: 's3://models/cards/fruit/00000003/' };

  it('shows what made a version, what it can do and what it cost', () => {
    const text = textOf(
      versionView(fruitVersion(), { ...about, card: cardOf({ train: { pricePerHour: 5 } }) }),
    );
    expect(text).toMatch(/rows +480 trained on, 120 held out/);
    expect(text).toMatch(/hyperparameters +learning_rate 0\.05, hidden_units 16,8/);
    expect(text).toMatch(/parents +version 2, the champion before/);
    expect(text).toMatch(/cost +0\.05 \(36 s of training on 1 × ml\.m5\.large\)/);
    expect(text).toMatch(/accuracy +0\.9134 +0\.8534 to 0\.9534/);
    expect(text).toContain('s3://models/cards/fruit/00000003/');
  });

  it('says that no price is given, and which version it learned on from', () => {
    const continuedFrom = { version: 1, packageDigest: 'a'.repeat(64), mode: 'online' as const };
    const text = textOf(
      versionView(fruitVersion(), { ...about, card: cardOf({ training: { continuedFrom } }) }),
    );
    expect(text).toContain('no price given (36 s');
    expect(text).toContain('learned on from version 1 (online)');
  });

  it('says which weights are served, what they save and what they lose', () => {
    const shown = (change: Partial<QuantisationEvaluation>) => {
      const card = cardOf();
      card.evaluation.quantisation = { ...aQuantisation, ...change };
      return textOf(versionView(fruitVersion(), { ...about, card }));
    };
    expect(shown({})).toMatch(/weights +int8\n/);
    expect(shown({})).toMatch(/file size +296\.1 KiB with int8 weights, 2\.2 MiB without/);
    expect(shown({})).toMatch(/loss of accuracy +0\.004 \(95 % interval -0\.002 to 0\.01\)/);
    const refused = { verdict: 'refused', reason: 'it cannot answer', quantised: null, loss: null } as const;
    expect(shown(refused)).toMatch(/weights +full: it cannot answer/);
    expect(shown(refused)).not.toMatch(/file size|loss of/);
    expect(textOf(versionView(fruitVersion(), { ...about, card: cardOf() }))).not.toContain('weights');
  });

  it('shows what the registry knows when the package cannot be read', () => {
    const text = textOf(
      versionView(fruitVersion(), { role: null, card: null, reason: 'it is damaged', storedCard: null }),
    );
    expect(text).toMatch(/accuracy +0\.9 +-/);
    expect(text).toContain('its package cannot be read');
    expect(text).toContain('it is damaged');
  });
});

describe('diffView', () => {
  it('names each part, and says which is the same', () => {
    const described = (wish: Wish) => ({
      card: cardOf(wish),
      definition: cardDocuments(wish).deployed.definition,
    });
    const after = described({ train: { seed: 7 }, training: { seed: 7 } });
    after.card.evaluation.metrics = { accuracy: 0.95 };
    const text = textOf(diffView(diffVersions(described({}), after)));
    expect(text).toMatch(/definition +version 3 +version 3\ntrain\.seed +42 +7/);
    expect(text).toContain('code: the same');
    expect(text).toMatch(/accuracy +0\.9134 +0\.95 +0\.0366 +better/);
    expect(text).not.toContain('other held-out rows');
  });
});
