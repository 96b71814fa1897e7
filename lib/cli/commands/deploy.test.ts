import { describe, expect, it } from 'vitest';
import { cloudArguments, cloudEnvironment } from './deploy.ts';

describe('cloudArguments', () => {
  it('asks a person before rights are widened, unless told not to', () => {
    const args = cloudArguments({ profile: 'prod' }, 'prod', { bake: 60 });
    expect(args.join(' ')).toContain(
      '-c stage=prod -c bakeSeconds=60 --profile prod --require-approval broadening',
    );
    expect(cloudArguments({ yes: true }, 'aws', {}).join(' ')).toContain('--require-approval never');
  });
});

describe('cloudEnvironment', () => {
  it('keeps the credentials of the person and sets the region asked for', () => {
    const environment = cloudEnvironment(
      { region: 'eu-central-1' },
      { AWS_ACCESS_KEY_ID: 'mine', PATH: '/bin' },
    );
    expect(environment).toMatchObject({ AWS_ACCESS_KEY_ID: 'mine', AWS_REGION: 'eu-central-1' });
  });
});
