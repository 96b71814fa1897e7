import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { defineModel } from '../../lib/model/definition.ts';
import type { ModelFolder } from '../../lib/model/model-folders.ts';
import { EvergreenStack } from '../../lib/platform/evergreen-stack.ts';
import { type StageSettings, stageNamed } from '../../lib/platform/stage.ts';

/** A resource of a template, as far as tests look at it. */
export interface Resource {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is any JSON, and assertions look deep into it
  Properties: Record<string, any>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  DependsOn?: string[];
}

const centimetres = { type: 'number', unit: 'cm', min: 0, max: 30 } as const;

/** Models that between them use every setting which makes a resource. */
export const models: ModelFolder[] = [
  {
    definition: defineModel({
      name: 'iris',
      task: 'classification',
      features: { sepal_length: centimetres, petal_length: centimetres },
      target: { name: 'species', type: 'category', categories: ['setosa', 'versicolor'] },
      train: { algorithm: 'linear-svc' },
      monitor: { everyMinutes: 60, staleAfterDays: 180, quality: { limit: 0.85 } },
      rollout: { limits: { errorShare: 0.05, p99LatencyMs: 400, leastRequests: 5 } },
    }),
  },
  {
    definition: defineModel({
      name: 'prices',
      task: 'regression',
      features: { area: { type: 'number', unit: 'm2', min: 0, max: 1000 } },
      target: { name: 'price', type: 'number' },
      train: { algorithm: 'random-forest' },
      monitor: { everyMinutes: 1440, quality: { metric: 'rmse', limit: 20 } },
      retrain: { everyDays: 7, everyLabels: 100 },
      data: {
        retention: {
          archiveUploadsAfterDays: 90,
          expireUploadsAfterDays: 400,
          destroyDatasetsAfterDays: 500,
        },
      },
    }),
  },
  {
    definition: defineModel({
      name: 'yields',
      task: 'classification',
      features: { rain: { type: 'number', unit: 'mm', min: 0, max: 100 } },
      target: { name: 'harvest', type: 'category', categories: ['poor', 'good'] },
      train: { algorithm: 'gradient-descent', federated: { parties: ['north', 'south'] } },
      monitor: { quality: { limit: 0.7 } },
    }),
  },
];

export class Synthesised {
  readonly stack: EvergreenStack;
  readonly template: Template;
  readonly resources: Record<string, Resource>;

  constructor(stage: StageSettings) {
    const app = new App({ builtinCloudFormationValidation: false, analyticsReporting: false });
    this.stack = new EvergreenStack(app, 'Evergreen', { models, stageSettings: stage });
    this.template = Template.fromStack(this.stack);
    this.resources = this.template.toJSON().Resources;
  }

  /** Resources of a type, by logical id. */
  ofType(type: string): [string, Resource][] {
    return Object.entries(this.resources).filter(([, resource]) => resource.Type === type);
  }

  /** Where a resource lies in the construct tree, such as `Inference/Predict`. */
  pathOf(logicalId: string): string {
    const found = this.stack.node
      .findAll()
      .find((node) => 'logicalId' in node && Stack.of(node).resolve(node.logicalId) === logicalId);
    return (found?.node.path ?? logicalId).replace(/^Evergreen\/Evergreen\//, '').replace(/\/Resource$/, '');
  }
}

const made = new Map<string, Synthesised>();

/** The stack of a stage, synthesised once for all tests of a process. */
export function synthesised(stage: 'local' | 'aws'): Synthesised {
  const known = made.get(stage) ?? new Synthesised(stageNamed(stage));
  made.set(stage, known);
  return known;
}

export const stages = ['local', 'aws'] as const;
