import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { maxExplainedRows } from './explain.ts';
import { aFlower, explainedFlowers, trainedFlowers } from './fixtures/models.ts';
import { asCandidate } from './fixtures/packages.ts';
import { aServer } from './fixtures/server.ts';
import type { ServingOptions } from './serving-options.ts';

const explanations = z.array(
  z.object({
    label: z.string(),
    scores: z.record(z.string(), z.number()),
    answer: z.number(),
    base: z.number(),
    contributions: z.record(z.string(), z.number()),
  }),
);

function explaining(options: Partial<ServingOptions> = {}) {
  const server = aServer(options);
  const champion = server.source.add(1, explainedFlowers());
  server.source.setLive('flowers', { champion });
  const explain = (rows: unknown, model = 'flowers') =>
    server.call('POST', `/models/${model}/explain`, { rows });
  return { ...server, champion, explain };
}

const sumOf = (contributions: Record<string, number>) =>
  Object.values(contributions).reduce((sum, each) => sum + each, 0);

describe('POST /models/{model}/explain', () => {
  it('answers each row with its prediction and what each feature contributed', async () => {
    const { explain, predict, champion } = explaining();
    const incomplete = { ...aFlower, width: null, colour: null };
    const { status, json } = await explain([aFlower, incomplete]);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      model: 'flowers',
      version: 1,
      modelDigest: champion.modelDigest,
      datasetId: champion.datasetId,
      traceId: 'trace-1',
      output: 'score',
      method: 'enumeration',
    });
    const explained = explanations.parse(json.explanations);
    const predicted = (await predict([aFlower, incomplete])).json.predictions;
    expect(explained.map(({ label, scores }) => ({ label, scores }))).toEqual(predicted);
    for (const { label, scores, answer, base, contributions } of explained) {
      expect(Object.keys(contributions)).toEqual(['length', 'width', 'petals', 'wild', 'colour']);
      expect(answer).toBe(scores[label]);
      expect(Math.abs(base + sumOf(contributions) - answer)).toBeLessThan(1e-6);
    }
  });

  it('captures nothing', async () => {
    const { explain, lines } = explaining();
    await explain([aFlower]);
    expect(lines).toEqual([]);
  });

  it('explains the champion while a candidate takes all traffic', async () => {
    const { source, champion, explain } = explaining();
    const candidate = asCandidate(source.add(2, explainedFlowers()), 100);
    source.setLive('flowers', { champion, candidate });
    expect((await explain([aFlower])).json.version).toBe(1);
  });

  it('reads the explanation once, and not before it is asked', async () => {
    const { source, champion, explain, predict } = explaining();
    const key = `${champion.packagePrefix}explanation.json`;
    const bytes = source.objects.get(key);
    source.objects.delete(key);
    expect((await predict([aFlower])).status).toBe(200);
    expect((await explain([aFlower])).status).toBe(503);
    if (bytes) source.objects.set(key, bytes);
    expect((await explain([aFlower])).status).toBe(200);
    source.objects.delete(key);
    expect((await explain([aFlower])).status).toBe(200);
  });

  it('refuses an explanation of which a byte was changed, while predictions go on', async () => {
    const { source, champion, explain, predict, ofKind } = explaining();
    source.damage(champion, 'explanation.json');
    const { status, json, headers } = await explain([aFlower]);
    expect({ status, type: json.type }).toEqual({
      status: 503,
      type: 'urn:evergreen:error:explanation-unavailable',
    });
    expect(headers['retry-after']).toBe('2');
    expect(json.detail).not.toContain('packages/');
    expect(ofKind('request-failed')[0]?.message).toContain('explanation.json');
    expect((await predict([aFlower])).status).toBe(200);
  });

  it('says that a version was trained without an explanation', async () => {
    const { source, explain } = explaining();
    source.setLive('flowers', { champion: source.add(3, trainedFlowers()) });
    expect((await explain([aFlower])).json).toMatchObject({
      type: 'urn:evergreen:error:explanation-missing',
      status: 404,
      detail: 'version 3 of flowers was trained without an explanation; train it again',
    });
  });

  it.each<[string, unknown, number, string]>([
    ['no rows', [], 422, 'request-invalid'],
    ['a row that does not fit', [{ ...aFlower, petals: 1.5 }], 422, 'request-invalid'],
    ['too many rows', new Array(maxExplainedRows + 1).fill(aFlower), 413, 'request-too-large'],
  ])('refuses %s', async (_name, rows, status, code) => {
    const { explain } = explaining();
    const { json, headers } = await explain(rows);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toMatchObject({ status, type: `urn:evergreen:error:${code}` });
  });

  it('refuses unknown models and other methods', async () => {
    const { explain, call } = explaining();
    expect((await explain([aFlower], 'roses')).status).toBe(404);
    expect((await call('GET', '/models/flowers/explain')).status).toBe(404);
    expect((await call('POST', '/models/flowers/explain', 'x')).status).toBe(400);
  });

  it('ends when its time is over', async () => {
    let now = 0;
    const { explain } = explaining({ stopwatch: () => (now += 11_000) });
    const { status, json } = await explain([aFlower]);
    expect({ status, type: json.type }).toEqual({
      status: 503,
      type: 'urn:evergreen:error:explanation-unavailable',
    });
  });
});
