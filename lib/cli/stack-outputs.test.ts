import { describe, expect, it } from 'vitest';
import {
  apiAddress,
  modelNames,
  readOutputs,
  requireModel,
  requireParty,
  stackOutputs,
} from './stack-outputs.ts';

const values = Object.fromEntries(Object.keys(stackOutputs.shape).map((name) => [name, `value of ${name}`]));
const outputs = {
  ...stackOutputs.parse(values),
  Models: 'iris,wine',
  ApiId: 'abc',
  ApiStage: 'v1',
  ApiUrl: 'https://x/v1/',
};

describe('readOutputs', () => {
  it('names what is missing', () => {
    const given = Object.entries(values)
      .filter(([name]) => name !== 'RunsTable')
      .map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
    expect(() => readOutputs('Evergreen-local', given)).toThrow(
      'stack Evergreen-local has no output RunsTable',
    );
  });
});

describe('requireModel', () => {
  it('names the models there are', () => {
    expect(() => requireModel(outputs, 'iris')).not.toThrow();
    expect(() => requireModel(outputs, 'rose')).toThrow('no model is named rose; deployed are: iris, wine');
    expect(modelNames({ ...outputs, Models: '' })).toEqual([]);
  });
});

describe('requireParty', () => {
  it('names the parties there are', () => {
    const some = { ...outputs, Parties: 'iris/north,iris/south,wine/east' };
    expect(() => requireParty(some, 'iris', 'south')).not.toThrow();
    expect(() => requireParty(some, 'iris', 'east')).toThrow(
      'east is no party of iris; its parties are: north, south',
    );
    expect(() => requireParty(some, 'rose', 'east')).toThrow('model rose is not trained by parties');
    expect(() => requireParty({ ...outputs, Parties: '' }, 'iris', 'north')).toThrow('leave --party out');
  });
});

describe('apiAddress', () => {
  it('goes through the engine on a laptop and to the stack on AWS', () => {
    expect(apiAddress(outputs, 4566)).toBe('http://127.0.0.1:4566/restapis/abc/v1/_user_request_');
    expect(apiAddress(outputs, undefined)).toBe('https://x/v1');
  });
});
