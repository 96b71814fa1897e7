import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { loadModels } from '../lib/model/model-folders.ts';
import { EvergreenStack } from '../lib/platform/evergreen-stack.ts';
import { stageNamed } from '../lib/platform/stage.ts';
import { stageName } from '../lib/shared/stage-name.ts';

const app = new App({ builtinCloudFormationValidation: false });

const context = z
  .object({
    stage: stageName,
    models: z.string(),
    bakeSeconds: z.coerce.number().int().positive().optional(),
    apiAuthorization: z.enum(['key', 'iam']).optional(),
    checks: z.stringbool().optional(),
  })
  .parse({
    stage: app.node.tryGetContext('stage') ?? 'aws',
    models: app.node.tryGetContext('models') ?? fileURLToPath(new URL('../models', import.meta.url)),
    bakeSeconds: app.node.tryGetContext('bakeSeconds'),
    apiAuthorization: app.node.tryGetContext('apiAuthorization'),
    checks: app.node.tryGetContext('checks'),
  });

const { bakeSeconds, apiAuthorization } = context;
const stage = stageNamed(context.stage, {
  ...(bakeSeconds === undefined ? {} : { bakeSeconds }),
  ...(apiAuthorization === undefined ? {} : { apiAuthorization }),
});

// Tests and `npm run synth` check every stage; a laptop need not wait for it at each deployment.
if (context.checks ?? stage.name !== 'local') {
  const { addRulePacks } = await import('../lib/platform/rule-packs.ts');
  addRulePacks(app);
}

new EvergreenStack(app, 'Evergreen', {
  models: await loadModels(context.models),
  stageSettings: stage,
  env: {
    account: process.env.CDK_DEFAULT_ACCOUNT,
    region: process.env.CDK_DEFAULT_REGION,
  },
  terminationProtection: stage.name !== 'local',
});
