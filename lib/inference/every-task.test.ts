import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { sha256 } from '../shared/digest.ts';
import { goldenAnswers } from '../training/model-package.ts';
import { admitModel } from './admission.ts';
import { compareGolden } from './golden.ts';
import { openSession } from './session.ts';

/** Trained by make-task-models.py. */
function trained(name: string) {
  const read = (file: string) => readFileSync(new URL(`fixtures/${file}`, import.meta.url));
  const { definition, golden } = JSON.parse(read(`${name}.json`).toString());
  const model = read(`${name}.onnx`);
  return {
    model,
    modelDigest: sha256(model),
    definition: defineModel(definition),
    golden: goldenAnswers.parse(golden),
  };
}

function classesOf({ definition }: ReturnType<typeof trained>): string[] {
  return definition.target.type === 'category' ? definition.target.categories : [];
}

describe.each(['letters', 'orders', 'films', 'pumps', 'shades'])('%s', (name) => {
  it('is admitted and answers as it was trained, together and row by row', async () => {
    const request = trained(name);
    admitModel(request.model, request.definition);
    const session = await openSession(request);
    const alone = [];
    for (const row of request.golden.rows) alone.push(...(await session.predict([row])));
    expect(compareGolden(alone, request.golden, classesOf(request))).toBeUndefined();
    await session.release();
  });
});

describe('a model of texts', () => {
  it('answers a body full of rows beside the longest text in bounded memory, each row as alone', async () => {
    const request = trained('letters');
    const session = await openSession(request);
    const longest = { body: 'goal\n\n\n\n\n\n\n\n '.repeat(769) };
    const short = { body: 'the train to the sea' };
    const before = process.memoryUsage.rss();
    const answers = await session.predict([longest, ...new Array<typeof short>(5000).fill(short)]);
    expect(process.memoryUsage.rss() - before).toBeLessThan(600 * 1024 ** 2);
    const [alone] = await session.predict([short]);
    expect(answers).toHaveLength(5001);
    expect(answers[1]).toEqual(alone);
    expect(answers.at(-1)).toEqual(alone);
    await session.release();
  });
});

describe('a model with 8-bit weights', () => {
  it('gives each row the same answer, to the last bit, whatever rows come with it', async () => {
    const request = trained('shades');
    const session = await openSession(request);
    const [first = {}, ...others] = request.golden.rows;
    const extreme = Object.fromEntries(Object.keys(first).map((name) => [name, 1e6]));
    const [alone] = await session.predict([first]);
    expect((await session.predict([first, extreme, ...others]))[0]).toEqual(alone);
    await session.release();
  });
});
