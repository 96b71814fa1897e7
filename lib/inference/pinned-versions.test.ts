import { describe, expect, it } from 'vitest';
import { aFlower, fragileModel, trainedFlowers } from './fixtures/models.ts';
import { asCandidate } from './fixtures/packages.ts';
import { aServer, servingFlowers } from './fixtures/server.ts';

const inputs = Object.entries(aFlower).map(([name, value]) => ({
  name,
  shape: [1],
  datatype: { number: 'FP64', boolean: 'BOOL', string: 'BYTES' }[typeof value as 'number'],
  data: [value],
}));

/** Version 2 is champion, 3 the candidate that gets nothing, 1 was champion before. */
function threeVersions() {
  const server = servingFlowers();
  const { source, champion: previous } = server;
  const [champion, candidate] = [source.add(2, trainedFlowers()), source.add(3, trainedFlowers())];
  source.setLive('flowers', { champion, candidate: asCandidate(candidate, 0), previous });
  return { ...server, candidate };
}

describe('/v2/models/{model}/versions/{version}', () => {
  it.each([
    ['1', 'previous'],
    ['2', 'champion'],
    ['3', 'candidate'],
  ])('answers of version %s, the %s', async (version, variant) => {
    const { call } = threeVersions();
    const path = `/v2/models/flowers/versions/${version}`;
    expect(await call('POST', `${path}/infer`, { inputs })).toMatchObject({
      status: 200,
      json: { model_version: version, parameters: { variant } },
    });
    expect((await call('GET', `${path}/ready`)).json).toEqual({ name: 'flowers', ready: true });
    expect((await call('GET', path)).json).toMatchObject({ name: 'flowers', versions: ['2', '3', '1'] });
  });

  it.each(['4', '02', '', 'x', '2/x', '2/infer/x', '__proto__'])('has no version %j', async (version) => {
    const { call } = threeVersions();
    for (const path of ['', '/ready']) {
      expect((await call('GET', `/v2/models/flowers/versions/${version}${path}`)).status).toBe(404);
    }
    const refused = await call('POST', `/v2/models/flowers/versions/${version}/infer`, { inputs });
    expect(refused.status).toBe(404);
    // Where clients of the protocol look.
    expect(refused.json.error).toBe(refused.json.detail);
  });

  it('says which versions are live', async () => {
    const { call } = threeVersions();
    const { json } = await call('POST', '/v2/models/flowers/versions/4/infer', { inputs });
    expect(json).toMatchObject({
      type: 'urn:evergreen:error:version-unknown',
      detail: 'flowers has no live version "4"; live are 2, 3, 1',
    });
  });

  it('keeps a record without metrics: who chooses a version is no sample of the traffic', async () => {
    const { call, ofKind } = threeVersions();
    await call('POST', '/v2/models/flowers/versions/3/infer', { inputs });
    const [line] = ofKind('prediction');
    expect(line).toMatchObject({ version: '3', variant: 'candidate', rows: [aFlower] });
    expect(line).not.toHaveProperty('Requests');
    expect(line).not.toHaveProperty('_aws');
  });

  it('lets no other version answer in the place of one that fails, and counts nothing against it', async () => {
    const { source, call, ofKind } = aServer();
    source.setLive('fragile', { champion: source.add(1, fragileModel()) });
    const broken = [{ name: 'x', shape: [1], datatype: 'FP32', data: [-1] }];
    expect((await call('POST', '/v2/models/fragile/versions/1/infer', { inputs: broken })).status).toBe(500);
    expect(ofKind('model-error')).toEqual([expect.not.objectContaining({ Errors: 1 })]);
  });

  it('says 503 of a live version that cannot be loaded', async () => {
    const { source, call, candidate } = threeVersions();
    source.damage(candidate, 'model.onnx');
    const path = '/v2/models/flowers/versions/3';
    expect((await call('POST', `${path}/infer`, { inputs })).status).toBe(503);
    expect(await call('GET', `${path}/ready`)).toMatchObject({ status: 503, json: { ready: false } });
    expect((await call('POST', '/v2/models/flowers/versions/2/infer', { inputs })).status).toBe(200);
  });

  it('counts a request that does not fit as one', async () => {
    const { call, ofKind } = threeVersions();
    expect((await call('POST', '/v2/models/flowers/versions/2/infer', {})).status).toBe(422);
    expect(ofKind('rejected-request')).toHaveLength(1);
  });
});
