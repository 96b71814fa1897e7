import { RemovalPolicy } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';

/** Everything in which one deployment differs from another. */
export interface StageSettings {
  /** Part of the stack's name and of every alarm's. */
  readonly name: string;
  /** @default Architecture.ARM_64 */
  readonly architecture: Architecture;
  /** What becomes of buckets, tables and keys when the stack is deleted; deletion protection goes with RETAIN. */
  readonly removalPolicy: RemovalPolicy;
  /** Seconds until AWS is asked again for a machine that it lacked; twice as many each further time. */
  readonly capacityWaitSeconds: number;
  /** Seconds of one alarm period; below 60 only high-resolution metrics can be watched. */
  readonly alarmPeriodSeconds: number;
  /** Takes the place of the bake time of every definition. @default - each definition's own */
  readonly bakeSeconds?: number;
  /** Container of the training jobs. @default - SageMaker's PyTorch container for CPUs in the stack's region */
  readonly trainingImage?: string;
  /** A web application firewall before the API. */
  readonly firewall: boolean;
  /** How callers of the API prove who they are. */
  readonly apiAuthorization: 'key' | 'iam';
  /**
   * Predictions answered at a time, so that callers cannot take the functions that roll back. AWS wants 100 left to the
   * other functions of the account, whose limit may be lower than that. @default - as many as the account allows
   */
  readonly predictConcurrency?: number;
  /**
   * Parts of one batch prediction that are answered, or files of one upload that are read, at a time, so that they leave
   * functions to everybody else.
   */
  readonly partsAtOnce: number;
  /** Largest memory a function may have, in MiB. */
  readonly largestMemoryMib: number;
  /** Uploads up to this size are examined in a function, in MiB; larger ones by Spark. */
  readonly sparkAboveMib: number;
  readonly spark: SparkSettings;
}

/** The machines that examine what is too large for a function. */
export interface SparkSettings {
  /** @default - SageMaker's Spark container, in regions where its account is known; in others such files are refused */
  readonly image?: string;
  readonly instanceType: string;
  /** A file gets a machine for each so many GiB of it, up to `mostInstances`; one that is packed with gzip gets one. */
  readonly gibPerInstance: number;
  readonly mostInstances: number;
  /** Of each machine. Room for the upload, for tables in between and for what a sort spills: about eight times the largest upload. */
  readonly volumeGib: number;
  readonly maxHours: number;
  /** Larger uploads are refused. */
  readonly maxSourceGib: number;
}

export const awsStage: StageSettings = {
  name: 'aws',
  architecture: Architecture.ARM_64,
  removalPolicy: RemovalPolicy.RETAIN,
  alarmPeriodSeconds: 60,
  capacityWaitSeconds: 60,
  firewall: true,
  apiAuthorization: 'key',
  partsAtOnce: 10,
  largestMemoryMib: 3008,
  sparkAboveMib: 2048,
  spark: {
    instanceType: 'ml.m5.4xlarge',
    gibPerInstance: 16,
    mostInstances: 8,
    volumeGib: 500,
    maxHours: 12,
    maxSourceGib: 100,
  },
};

/** The local engine: the host's architecture, short waits, nothing kept when the stack goes. */
export const localStage: StageSettings = {
  ...awsStage,
  name: 'local',
  architecture: process.arch === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
  removalPolicy: RemovalPolicy.DESTROY,
  alarmPeriodSeconds: 10,
  capacityWaitSeconds: 1,
  bakeSeconds: 2,
  partsAtOnce: 2,
  trainingImage: 'evergreen/script-mode:local',
  // Machines of a cluster are processes of one machine here, which has its cores already.
  spark: { ...awsStage.spark, image: 'evergreen/spark:local', mostInstances: 1 },
  firewall: false,
};

/** The settings of a named stage; any name but `local` is one on AWS. */
export function stageNamed(name: string, overrides: Partial<StageSettings> = {}): StageSettings {
  const base = name === 'local' ? localStage : awsStage;
  return { ...base, name, ...overrides };
}
