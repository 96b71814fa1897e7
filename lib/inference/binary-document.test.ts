import { describe, expect, it } from 'vitest';
import { jsonLengthHeader } from './binary-tensors.ts';
import { aFlower, trainedFlowers, trainedPrices } from './fixtures/models.ts';
import { aServer } from './fixtures/server.ts';

interface Output {
  name: string;
  datatype: string;
  shape: number[];
  data?: unknown[];
  parameters?: { binary_data_size?: number; classes?: string };
}

/** Reads a reply as a client of the extension does: JSON, and behind it the tensors in their order. */
function readReply(headers: Record<string, string>, body: string | Uint8Array) {
  const bytes = Buffer.from(body);
  const jsonBytes = Number(headers[jsonLengthHeader] ?? bytes.length);
  const document = JSON.parse(bytes.toString('utf8', 0, jsonBytes));
  let place = jsonBytes;
  const outputs = document.outputs.map((output: Output): Output => {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) return output;
    const own = bytes.subarray(place, place + size);
    place += size;
    const data: unknown[] = [];
    for (let at = 0; at < own.length; ) {
      if (output.datatype === 'FP32') {
        data.push(own.readFloatLE(at));
        at += 4;
      } else {
        const end = at + 4 + own.readUInt32LE(at);
        data.push(own.toString('utf8', at + 4, end));
        at = end;
      }
    }
    return { ...output, data };
  });
  expect(place).toBe(bytes.length);
  return outputs as Output[];
}

const models = () => {
  const server = aServer();
  for (const [name, trained] of Object.entries({ flowers: trainedFlowers(), prices: trainedPrices() })) {
    server.source.setLive(name, { champion: server.source.add(1, trained) });
  }
  const ask = (name: string, body: object) => {
    const trained = name === 'flowers' ? trainedFlowers() : trainedPrices();
    const { features } = trained.definition;
    const inputs = Object.entries(features).map(([feature, { type }]) => ({
      name: feature,
      datatype: type === 'category' || type === 'text' ? 'BYTES' : type === 'boolean' ? 'BOOL' : 'FP64',
      shape: [trained.golden.rows.length],
      data: trained.golden.rows.map((row) => row[feature] ?? null),
    }));
    return server.call('POST', `/v2/models/${name}/infer`, { inputs, ...body });
  };
  return { ...server, ask };
};

describe('a reply in bytes', () => {
  it.each(['flowers', 'prices'])('says of %s what the reply in JSON says, to the last bit', async (name) => {
    const { ask } = models();
    const json = await ask(name, {});
    const binary = await ask(name, { parameters: { binary_data_output: true } });
    expect(binary.headers['content-type']).toBe('application/octet-stream');
    const said = readReply(binary.headers, binary.body);
    expect(said.length).toBeGreaterThan(0);
    expect(said.map(({ data }) => data)).toEqual(readReply(json.headers, json.body).map(({ data }) => data));
    for (const { parameters } of said) expect(parameters?.binary_data_size).toBeGreaterThan(0);
  });

  it('comes for the outputs that are asked for so, beside others in JSON', async () => {
    const { ask } = models();
    const { headers, body, json } = await ask('flowers', {
      parameters: { binary_data_output: true },
      outputs: [{ name: 'label', parameters: { binary_data: false } }, { name: 'scores' }],
    });
    const [label, scores] = json.outputs as Output[];
    expect(label).toMatchObject({ name: 'label', data: expect.any(Array) });
    expect(scores).not.toHaveProperty('data');
    expect(scores?.parameters).toEqual({ classes: expect.any(String), binary_data_size: expect.any(Number) });
    expect(readReply(headers, body)).toHaveLength(2);
  });

  it('is none where nobody asks for bytes of an output that is wanted', async () => {
    const { ask } = models();
    const { headers, json } = await ask('flowers', {
      outputs: [{ name: 'label', parameters: { binary_data: false } }],
    });
    expect(headers['content-type']).toBe('application/json');
    expect(json.outputs).toHaveLength(1);
  });

  it('is JSON where bytes would not arrive', async () => {
    const { serving } = models();
    const request = {
      inputs: Object.entries(aFlower).map(([name, value]) => ({
        name,
        datatype: typeof value === 'string' ? 'BYTES' : typeof value === 'boolean' ? 'BOOL' : 'FP64',
        shape: [1],
        data: [value],
      })),
      outputs: [{ name: 'label', parameters: { binary_data: true } }],
    };
    const ask = (takesBinary: boolean) =>
      serving.handle({
        method: 'POST',
        path: '/v2/models/flowers/infer',
        headers: {},
        body: Buffer.from(JSON.stringify(request)),
        traceId: 't',
        takesBinary,
      });
    expect((await ask(true)).headers['content-type']).toBe('application/octet-stream');
    const { headers, body } = await ask(false);
    expect(headers).not.toHaveProperty(jsonLengthHeader);
    expect(readReply(headers, body)).toMatchObject([{ name: 'label', data: ['iris'] }]);
  });

  it.each([
    [{ parameters: { binary_data_output: 'yes' } }, '/parameters/binary_data_output'],
    [{ outputs: [{ name: 'label', parameters: { binary_data: 1 } }] }, '/outputs/0/parameters/binary_data'],
  ])('is refused where %j leaves open what is wanted', async (change, pointer) => {
    const { ask } = models();
    const { status, json } = await ask('flowers', change);
    expect(json.errors).toEqual([{ pointer, message: 'must be true or false' }]);
    expect(status).toBe(422);
  });
});
