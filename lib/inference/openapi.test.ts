import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineModel } from '../model/definition.ts';
import { feedbackPaths } from '../monitoring/feedback-paths.ts';
import { aFlower, explainedFlowers, flowers, prices } from './fixtures/models.ts';
import { servingFlowers } from './fixtures/server.ts';
import { type ApiDescription, describeApi } from './openapi.ts';
import { rowSchema } from './row-schema.ts';
import { compileRowReader } from './rows.ts';

const letters = defineModel({
  name: 'love-letters',
  task: 'text-classification',
  features: {
    text: { type: 'text', maxLength: 20, description: 'What was written' },
    note: { type: 'text', mayBeMissing: true },
  },
  target: { name: 'mood', type: 'category', categories: ['good', 'bad'] },
  train: {},
});

const aDescription = (over: Partial<ApiDescription> = {}): ApiDescription => ({
  version: '1.2.3',
  models: [flowers, prices, letters],
  authorization: 'key',
  hasInvocations: true,
  furtherPaths: feedbackPaths(['flowers', 'prices', 'love-letters']),
  ...over,
});

const shape = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.any())),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
});

describe('describeApi', () => {
  it.each<Partial<ApiDescription>>([
    {},
    { authorization: 'iam', hasInvocations: false },
    { authorization: 'none', furtherPaths: {} },
    { models: [flowers] },
  ])('is a valid document of OpenAPI 3.1 with %j', async (over) => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(describeApi(aDescription(over))));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('names every operation once', () => {
    const { paths } = shape.parse(describeApi(aDescription()));
    const ids = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('predictLoveLetters');
  });

  it('tells all 4xx as problems', () => {
    const { paths } = shape.parse(describeApi(aDescription()));
    for (const [path, methods] of Object.entries(paths)) {
      for (const { responses } of Object.values(methods)) {
        for (const [status, { content }] of Object.entries<{ content: object }>(responses)) {
          if (status.startsWith('4')) expect(content, path).toHaveProperty(['application/problem+json']);
        }
      }
    }
  });
});

describe('rowSchema', () => {
  const cells = [
    null,
    '',
    'red',
    'green',
    0,
    1,
    -1,
    31,
    1.5,
    2 ** 53,
    1e39,
    -1e39,
    3.4028235677973366e38,
    3.402823567797336e38,
    true,
    'a\u0000b',
    'x'.repeat(21),
    [],
    {},
  ];
  it.each([flowers, prices, letters])('of $name takes what is answered and nothing else', (definition) => {
    const validate = new Ajv2020({ strict: false }).compile(rowSchema(definition));
    const readRows = compileRowReader(definition);
    const isRead = (row: object) => {
      try {
        readRows([row]);
        return true;
      } catch {
        return false;
      }
    };
    const good = Object.fromEntries(
      Object.entries(definition.features).map(([name, { type }]) => [
        name,
        { number: 2, integer: 2, boolean: true, category: 'red', text: 'hello' }[type],
      ]),
    );
    for (const name of [...Object.keys(definition.features), 'unknown']) {
      const others = Object.fromEntries(Object.entries(good).filter(([other]) => other !== name));
      expect(validate(others), name).toBe(isRead(others));
      for (const value of cells) {
        const row = { ...good, [name]: value };
        expect(validate(row), `${name} ${JSON.stringify(value)}`).toBe(isRead(row));
      }
    }
  });
});

describe('replies', () => {
  const { paths, components } = shape.parse(describeApi(aDescription({ models: [flowers] })));
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'https://evergreen.test/document', components });

  function expectAsSaid(path: string, method: string, status: number, type: string, body: unknown): void {
    const { schema } = z
      .object({ schema: z.unknown() })
      .parse(paths[path]?.[method].responses[status].content[type]);
    const text = JSON.stringify(schema).replaceAll(
      '"#/components',
      '"https://evergreen.test/document#/components',
    );
    const validate = ajv.compile(JSON.parse(text));
    validate(body);
    expect(validate.errors, path).toBeNull();
  }

  const inputs = [
    { name: 'length', shape: [1], datatype: 'FP32', data: [5.1] },
    { name: 'petals', shape: [1], datatype: 'INT32', data: [5] },
    { name: 'wild', shape: [1], datatype: 'BOOL', data: [true] },
  ];
  it.each<[string, string, string, number, unknown?]>([
    ['/v2', 'GET', '/v2', 200],
    ['/v2/health/live', 'GET', '/v2/health/live', 200],
    ['/v2/health/ready', 'GET', '/v2/health/ready', 200],
    ['/openapi.json', 'GET', '/openapi.json', 200],
    ['/v2/models/{model}', 'GET', '/v2/models/flowers', 200],
    ['/v2/models/{model}/ready', 'GET', '/v2/models/flowers/ready', 200],
    ['/v2/models/{model}/infer', 'POST', '/v2/models/flowers/infer', 200, { inputs }],
    ['/v2/models/{model}/infer', 'POST', '/v2/models/flowers/infer', 422, { inputs: [] }],
    ['/v2/models/{model}/versions/{version}', 'GET', '/v2/models/flowers/versions/1', 200],
    ['/v2/models/{model}/versions/{version}/ready', 'GET', '/v2/models/flowers/versions/1/ready', 200],
    [
      '/v2/models/{model}/versions/{version}/infer',
      'POST',
      '/v2/models/flowers/versions/1/infer',
      200,
      { inputs },
    ],
    [
      '/v2/models/{model}/versions/{version}/infer',
      'POST',
      '/v2/models/flowers/versions/9/infer',
      404,
      { inputs },
    ],
    ['/models/flowers/predict', 'POST', '/models/flowers/predict', 200, { rows: [aFlower] }],
    ['/models/flowers/predict', 'POST', '/models/flowers/predict', 422, { rows: [{}] }],
    ['/models/flowers/predict', 'POST', '/models/flowers/predict', 400, '{'],
    ['/models/flowers/explain', 'POST', '/models/flowers/explain', 200, { rows: [aFlower] }],
    ['/models/flowers/invocations', 'POST', '/models/flowers/invocations', 200, { instances: [aFlower] }],
  ])('of %s are as the document says: %s %s, %d', async (path, method, asked, status, body) => {
    const server = servingFlowers({ openApi: async () => JSON.stringify(describeApi(aDescription())) });
    server.source.setLive('flowers', { champion: server.source.add(1, explainedFlowers()) });
    const reply = await server.call(method, asked, body);
    expect(reply.status).toBe(status);
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    expect(reply.headers['content-type']).toBe(type);
    expectAsSaid(path, method.toLowerCase(), status, type, reply.json);
  });
});
