import { describe, expect, it } from 'vitest';
import { rollout } from '../model/policies.ts';
import { seededRandom } from '../shared/random.ts';
import type { Check } from './check.ts';
import { compareSides } from './compare-sides.ts';
import { independence, type Output, type Side } from './side.ts';

const policy = rollout.parse({});
const part = 1e-4;

interface Behaviour {
  requests?: number;
  errors?: number;
  latencyMs?: number;
  output?: (random: () => number) => Output;
  rowsOfRequest?: number;
  group?: (index: number) => string;
  labels?: number;
  wrong?: number;
}

function aSide(seed: number, how: Behaviour = {}): Side {
  const random = seededRandom(seed);
  const { requests = 1000, errors = 0, latencyMs = 40, rowsOfRequest = 1, labels = 0, wrong = 0 } = how;
  const output = how.output ?? ((draw) => (draw() < 0.3 ? 'yes' : 'no'));
  const group = how.group ?? ((index) => `${seed}/${index}`);
  return {
    asked: requests + errors,
    errors,
    answered: Array.from({ length: requests }, (_, index) => {
      const each = output(random);
      return {
        version: seed,
        group: group(index),
        latencyMs: latencyMs * (0.5 + random()),
        outputs: new Array<Output>(rowsOfRequest).fill(each),
      };
    }),
    labelled: Array.from({ length: labels }, (_, index) => ({
      version: seed,
      group: group(index),
      predicted: 'yes',
      actual: index < wrong ? 'no' : 'yes',
    })),
  };
}

function check(name: Check['name'], candidate: Side, champion: Side): Check {
  const found = compareSides(candidate, champion, part, policy).find((each) => each.name === name);
  if (!found) throw new Error(`no check ${name}`);
  return found;
}

describe('compareSides', () => {
  it('finds nothing against a candidate that behaves as the champion', () => {
    const all = compareSides(
      aSide(1, { errors: 10, labels: 300, wrong: 30 }),
      aSide(2, { errors: 12, labels: 300, wrong: 28 }),
      part,
      policy,
    );
    expect(all.map(({ verdict }) => verdict)).toEqual(new Array<string>(6).fill('not worse'));
  });

  it('finds a candidate that answers a constant, well within the time of the champion', () => {
    const constant = aSide(1, { requests: 100, output: () => 'no', latencyMs: 5 });
    expect(check('outputs', constant, aSide(2))).toMatchObject({
      verdict: 'worse',
      reason: expect.stringMatching(/^all 100 rows were answered by no, which the champion does not; /),
    });
  });

  it('finds a constant where one class is rare too, once the sample proves it', () => {
    const rare = (draw: () => number): Output => (draw() < 0.01 ? 'yes' : 'no');
    const constant = (requests: number) => aSide(1, { requests, output: () => 'no' });
    const champion = aSide(2, { requests: 9000, output: rare });
    expect(check('outputs', constant(200), champion).verdict).toBe('not worse');
    expect(check('outputs', constant(2000), champion).verdict).toBe('worse');
  });

  it('finds a regression that answers a constant, or in another unit', () => {
    const value = (draw: () => number): Output => 100 + 20 * (draw() + draw());
    const champion = aSide(2, { output: value });
    expect(check('outputs', aSide(1, { output: value }), champion).verdict).toBe('not worse');
    expect(check('outputs', aSide(1, { requests: 100, output: () => 120 }), champion).verdict).toBe('worse');
    const doubled = aSide(1, { requests: 100, output: (draw) => 2 * Number(value(draw)) });
    expect(check('outputs', doubled, champion).verdict).toBe('worse');
  });

  it('lets outputs differ that are proven to differ by little', () => {
    const shifted = aSide(1, { requests: 50_000, output: (draw) => (draw() < 0.33 ? 'yes' : 'no') });
    expect(check('outputs', shifted, aSide(2, { requests: 50_000 })).verdict).toBe('not worse');
  });

  it('lets outputs differ of a candidate that labels prove to be the better one', () => {
    const other: Behaviour = { output: (draw) => (draw() < 0.8 ? 'yes' : 'no'), labels: 200, wrong: 10 };
    const champion = aSide(2, { labels: 200, wrong: 60 });
    expect(check('outputs', aSide(1, other), champion)).toMatchObject({
      verdict: 'not worse',
      reason: expect.stringContaining('by its labels the candidate is the better one'),
    });
    expect(check('outputs', aSide(1, { ...other, wrong: 58 }), champion).verdict).toBe('worse');
  });

  it('takes rows that came together as one draw', () => {
    const bulk = (seed: number, share: number) =>
      aSide(seed, { requests: 20, rowsOfRequest: 100, output: (draw) => (draw() < share ? 'yes' : 'no') });
    expect(check('outputs', bulk(1, 0.1), bulk(2, 0.6))).toMatchObject({ verdict: 'not enough data' });
  });

  it('takes the requests of one caller as one draw where callers stay on one side', () => {
    const ofTen = (index: number) => `caller ${index % 10}`;
    const slow = aSide(1, { latencyMs: 400, group: ofTen });
    expect(check('latency', slow, aSide(2, { group: ofTen })).verdict).toBe('not enough data');
    expect(check('latency', aSide(1, { latencyMs: 400 }), aSide(2)).verdict).toBe('worse');
  });

  it('finds errors that are more than those of the champion, and tells what it could have found', () => {
    const champion = aSide(2, { requests: 9900, errors: 100 });
    expect(check('errors', aSide(1, { requests: 940, errors: 60 }), champion)).toMatchObject({
      verdict: 'worse',
      reason: "60 of 1000 requests failed, of the champion's 100 of 10000",
      candidateSample: 1000,
      championSample: 10000,
    });
    const equal = check('errors', aSide(1, { requests: 990, errors: 10 }), champion);
    expect(equal.verdict).toBe('not worse');
    expect(equal.detectable).toBeGreaterThan(0.015);
    expect(equal.detectable).toBeLessThan(0.04);
  });

  it('finds twice the latency, and allows what the definition allows', () => {
    expect(check('latency', aSide(1, { requests: 200, latencyMs: 80 }), aSide(2)).verdict).toBe('worse');
    expect(check('latency', aSide(1, { requests: 200, latencyMs: 50 }), aSide(2)).verdict).toBe('not worse');
    // Half a millisecond instead of a quarter is nothing that a caller feels.
    expect(check('latency', aSide(1, { latencyMs: 0.5 }), aSide(2, { latencyMs: 0.25 })).verdict).toBe(
      'not worse',
    );
  });

  it('finds answers that labels say are wrong more often', () => {
    const champion = aSide(2, { labels: 1000, wrong: 100 });
    expect(check('quality', aSide(1, { labels: 500, wrong: 100 }), champion).verdict).toBe('worse');
    expect(check('quality', aSide(1, { labels: 500, wrong: 52 }), champion).verdict).toBe('not worse');
    expect(check('quality', aSide(1, { labels: 29, wrong: 29 }), champion)).toMatchObject({
      verdict: 'not enough data',
      reason: '29 of the candidate and 1000 of the champion; 30 of each are needed',
    });
  });

  it('finds a regression that is further off', () => {
    const off = (seed: number, spread: number): Side => {
      const random = seededRandom(seed);
      const labelled = Array.from({ length: 300 }, (_, index) => ({
        version: seed,
        group: String(index),
        predicted: 100 + spread * (random() - 0.5),
        actual: 100,
      }));
      return { asked: 300, errors: 0, answered: [], labelled };
    };
    expect(check('quality', off(1, 30), off(2, 10))).toMatchObject({ verdict: 'worse', championSample: 300 });
    expect(check('quality', off(1, 10), off(2, 10)).verdict).toBe('not worse');
  });
});

describe('independence', () => {
  it('is that of groups alone when nothing within them is new', () => {
    expect(independence(['a', 'b', 'c'])).toBe(1);
    expect(independence(['a', 'a', 'b', 'b'])).toBe(0.5);
    expect(independence([])).toBe(1);
  });
});
