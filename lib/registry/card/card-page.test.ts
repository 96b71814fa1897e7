import { describe, expect, it } from 'vitest';
import { cardPage } from './card-page.ts';
import { aQuantisation, cardDocuments, fruitVersion, type Wish } from './fixtures/documents.ts';
import { makeModelCard } from './make-model-card.ts';
import type { ModelCard } from './model-card.ts';

const cardOf = (wish?: Wish) => makeModelCard(fruitVersion(), cardDocuments(wish));
const pageOf = (wish?: Wish, change?: (card: ModelCard) => void) => {
  const card = cardOf(wish);
  change?.(card);
  return cardPage(card);
};
const plotsOf = (page: string) =>
  [...page.matchAll(/aria-labelledby="(\w+)-title \1-description"/g)].map(([, id]) => id);

describe('cardPage', () => {
  it('draws what is known of a classification', () => {
    const page = pageOf();
    expect(plotsOf(page)).toEqual(['confusion', 'roc', 'calibration', 'learning', 'importance', 'slices']);
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('draws what is known of a regression', () => {
    const page = pageOf({ classes: [] });
    expect(plotsOf(page)).toEqual(['predicted', 'learning', 'importance', 'slices']);
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('says which weights are served, and only where the definition asks for other ones', () => {
    expect(pageOf()).not.toContain('Weights:');
    const page = pageOf({}, (card) => {
      card.evaluation.quantisation = aQuantisation;
    });
    expect(page).toContain('<h2>Weights: int8</h2>');
    expect(page).toContain('accuracy gets worse by 0.004 (95 % interval -0.002 to 0.01)');
    expect(page).toMatch(/296\.1 KiB.*0\.9094/s);
    const refused = pageOf({}, (card) => {
      const nothing = { quantised: null, loss: null, interval: null };
      card.evaluation.quantisation = { ...aQuantisation, ...nothing, verdict: 'refused', reason: 'it fails' };
    });
    expect(refused).toContain('<h2>Weights: full</h2>');
    expect(refused).toContain('it fails.');
    expect(refused).not.toContain('gets worse by');
  });

  it('draws what privacy costs', () => {
    const page = pageOf({}, (card) => {
      card.training.privacy = {
        epsilon: 2,
        delta: 1e-6,
        clipNorm: 1,
        noiseMultiplier: 1.5,
        sampleRate: 0.1,
        steps: 100,
        scoreByEpsilon: [
          { epsilon: 0.5, score: 0.7 },
          { epsilon: null, score: 0.9 },
        ],
      };
    });
    expect(plotsOf(page)).toContain('privacy');
    expect(page).toContain('epsilon 0.5 0.7, without noise 0.9');
  });

  it('names the parties that trained it, and only then', () => {
    expect(pageOf()).not.toContain('Parties');
    const page = pageOf({}, (card) => {
      const parties = [
        { name: 'north', rows: 700 },
        { name: 'south', rows: 50 },
      ];
      card.training.federation = { parties, rounds: 3, localEpochs: 1 };
    });
    expect(page).toContain(
      'north with 700 rows, south with 50 rows; their weights were averaged in 3 rounds',
    );
  });

  it('tells each picture in words', () => {
    const page = pageOf();
    expect(page.match(/<desc id="[\w-]+">[^<]{10,}<\/desc>/g)).toHaveLength(6);
    expect(page).toContain('117 of 132 held-out rows are answered rightly');
  });

  it('says of what has no scores, no curve and no explanation that it has none', () => {
    const page = pageOf({}, (card) => {
      card.evaluation.curves = null;
      card.training.learningCurve = null;
      card.importance = null;
    });
    expect(plotsOf(page)).toEqual(['confusion', 'slices']);
    expect(page).toContain('gives labels without scores');
  });

  it('shows the pairs confused most where a matrix would be too large', () => {
    const page = pageOf({ classes: Array.from({ length: 30 }, (_, place) => `kind ${place}`) });
    expect(plotsOf(page)).not.toContain('confusion');
    expect(page).toContain('the pairs of 30 classes that are confused most');
    expect(page).toContain('the 6 classes of 30 with the least area');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('shows what nobody said as not given, the price too', () => {
    const page = pageOf();
    expect(page).toContain('<dt>Intended use</dt><dd><span class="empty">not given</span></dd>');
    expect(page).toContain('<dt>Price</dt><dd><span class="empty">not given</span></dd>');
    const said = pageOf({ card: { intendedUse: 'Sorting fruit.' }, train: { pricePerHour: 2 } });
    expect(said).toContain('<dt>Intended use</dt><dd>Sorting fruit.</dd>');
    expect(said).toContain('<dt>Cost</dt><dd>0.02</dd>');
  });

  it('folds the reasons of a gate that has many', () => {
    const page = pageOf({}, (card) => {
      card.evaluation.gate.reasons = Array.from({ length: 9 }, (_, place) => `reason ${place}`);
    });
    expect(page).toMatch(/reason 3.*<summary>5 more<\/summary>.*reason 8/s);
    expect(pageOf()).not.toContain('<details>');
  });

  it('shows what the definition holds the version to', () => {
    const page = pageOf();
    expect(page).toContain('<dt>To be registered</dt><dd>accuracy at least 0.8</dd>');
    expect(page).toContain('<dt>Live answers</dt><dd><span class="empty">not given</span></dd>');
    expect(page).toContain('<td class="">from 0 to 900</td>');
    expect(page).toContain('at most 5 % fail, 99 % within 1000 ms');
  });

  it('shows no markup that came with data, definition or trainer', () => {
    const hostile = '<script>alert("1")</script>';
    const page = pageOf(
      {
        classes: [hostile, 'pear', "<img src=x onerror='1'>"],
        card: { intendedUse: hostile, license: hostile },
        training: { algorithm: hostile, hyperparameters: { [hostile]: hostile } },
      },
      (card) => {
        card.evaluation.slices[0] = { ...card.evaluation.slices[0], slice: hostile } as never;
        card.evaluation.gate.reasons.push(hostile);
      },
    );
    expect(page).not.toMatch(/<script|<img|"1"/);
    expect(page.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(8);
  });

  it('needs nothing from anywhere else', () => {
    const page = pageOf();
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/https?:|url\(|<link|@import|src=/);
  });

  it('has each id once', () => {
    const ids = [...pageOf().matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
