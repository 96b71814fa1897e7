/* What other CDK apps, and the models in them, import from 'evergreen'. */

export type { EvaluationRoom } from './evaluation/evaluation.construct.ts';
export type { InferenceRoom } from './inference/inference.construct.ts';
export type { IntakeRoom } from './intake/intake.construct.ts';
export {
  defineModel,
  hashBuckets,
  type ModelDefinition,
  type ModelDefinitionInput,
} from './model/definition.ts';
export { loadModels, type ModelFolder } from './model/model-folders.ts';
export type { MonitoringRoom } from './monitoring/monitoring.construct.ts';
export { EvergreenPlatform, type EvergreenPlatformProps } from './platform/evergreen-platform.ts';
export { EvergreenStack, type EvergreenStackProps } from './platform/evergreen-stack.ts';
export type { HttpApi } from './platform/http-api.ts';
export { awsStage, localStage, type StageSettings, stageNamed } from './platform/stage.ts';
export type { RegistryRoom } from './registry/registry.construct.ts';
export type { RemediationRoom } from './remediation/remediation.construct.ts';
export type { RolloutRoom } from './rollout/rollout.construct.ts';
export { type ErrorCode, errorCatalogue } from './shared/error-codes.ts';
export { EvergreenError } from './shared/errors.ts';
export type { TrainingRoom } from './training/training.construct.ts';
