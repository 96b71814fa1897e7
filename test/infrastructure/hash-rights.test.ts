import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../../lib/model/definition.ts';
import { EvergreenStack } from '../../lib/platform/evergreen-stack.ts';
import { stageNamed } from '../../lib/platform/stage.ts';

const hashing = (name: string, treatment: 'hash' | 'mask') => ({
  definition: defineModel({
    name,
    task: 'text-classification',
    features: { note: { type: 'text', personalData: 'contact' } },
    target: { name: 'kind', type: 'category', categories: ['a', 'b'] },
    train: {},
    privacy: { personalData: { contact: treatment } },
  }),
});

describe('roles of jobs that examine large files', () => {
  it('may ask for the key of hashes where their model hashes, and nowhere else', () => {
    const models = [hashing('hashes', 'hash'), hashing('masks', 'mask')];
    const stack = new EvergreenStack(new App({ analyticsReporting: false }), 'Hashing', {
      models,
      stageSettings: stageNamed('local'),
    });
    const policies = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    const ofJobs = policies.filter(([id]) => id.includes('DataSpark'));
    expect(ofJobs).toHaveLength(2);
    const asking = ofJobs.filter(([, policy]) => JSON.stringify(policy).includes('kms:GenerateMac'));
    expect(asking.map(([id]) => id)).toEqual([expect.stringContaining('DataSparkhashes')]);
  });
});
