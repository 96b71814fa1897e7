import { describe, expect, it } from 'vitest';
import { engineEnvironment } from './engine-environment.ts';

describe('engineEnvironment', () => {
  const person = {
    PATH: '/usr/bin',
    HOME: '/home/me',
    AWS_PROFILE: 'prod',
    AWS_ACCESS_KEY_ID: 'AKIAREAL',
    AWS_SESSION_TOKEN: 'secret',
    AWS_ENDPOINT_URL_S3: 'https://elsewhere',
    AWS_CA_BUNDLE: '/etc/ca.pem',
    CDK_DEFAULT_ACCOUNT: '123456789012',
  };

  it('takes nothing of the person along that leads to an account', () => {
    const result = engineEnvironment({ port: 4600, region: 'us-east-1' }, person, '/nowhere');
    expect(result).toMatchObject({
      HOME: '/home/me',
      PATH: '/usr/bin',
      AWS_CA_BUNDLE: '/etc/ca.pem',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4600',
    });
    expect(JSON.stringify(result)).not.toMatch(/AKIAREAL|secret|prod|elsewhere|123456789012/);
  });

  it('keeps calls to the engine away from a proxy', () => {
    const result = engineEnvironment({ port: 1, region: 'x' }, { NO_PROXY: 'intra' }, '/nowhere');
    expect(result.NO_PROXY).toBe('intra,127.0.0.1,localhost');
  });
});
