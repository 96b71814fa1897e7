import type { CreateProcessingJobRequest } from '@aws-sdk/client-sagemaker';
import type { RecognisedFormat } from '../../model/source-format.ts';
import { sha256 } from '../../shared/digest.ts';

/** Where a deployment examines large files, and as whom. */
export interface SparkSite {
  dataBucket: string;
  codeBucket: string;
  /** The package and what is started, in that bucket. */
  packageKey: string;
  programKey: string;
  image: string;
  /** What the ARNs of the jobs' roles begin with; each model has one. */
  rolePrefix: string;
  kmsKeyArn: string;
  instanceType: string;
  /** A file gets one machine for so many bytes, and no more machines than these. */
  bytesPerInstance: number;
  mostInstances: number;
  volumeGib: number;
  maxHours: number;
  maxSourceBytes: number;
  /** What the key comes from that personal values are hashed with. */
  hashKeyArn: string;
}

/** How many machines examine a file. Of gzip there is one part, and what is unpacked lies on one machine. */
export function machinesFor(
  bytes: number,
  { isGzip }: RecognisedFormat,
  { bytesPerInstance, mostInstances }: Pick<SparkSite, 'bytesPerInstance' | 'mostInstances'>,
): number {
  return isGzip ? 1 : Math.min(mostInstances, Math.max(1, Math.ceil(bytes / bytesPerInstance)));
}

/** Where jobs find the plan of an examination and leave what they counted. */
export function examinationPrefix(model: string, runId: string): string {
  return `examinations/${model}/${runId}/`;
}

/** The end of the name of the role that examines files of a model. */
export function sparkRoleSuffix(model: string): string {
  return sha256(model).slice(0, 16);
}

const inside = '/opt/ml/processing';
const fileOf = (key: string) => key.slice(key.lastIndexOf('/') + 1);

/** The request of the job that examines a run's upload; the state machine completes its name with the attempt. */
export function sparkJob(
  site: SparkSite,
  { runId, model }: { runId: string; model: string },
  machines: number,
): CreateProcessingJobRequest {
  const folder = `s3://${site.dataBucket}/${examinationPrefix(model, runId)}`;
  const input = (name: string, uri: string, type: 'S3Prefix' | 'ManifestFile' = 'S3Prefix') => ({
    InputName: name,
    S3Input: {
      S3Uri: uri,
      LocalPath: `${inside}/${name}`,
      S3DataType: type,
      S3InputMode: 'File' as const,
      S3DataDistributionType: 'FullyReplicated' as const,
    },
  });
  return {
    ProcessingJobName: `evergreen-${runId.slice(-16)}`,
    RoleArn: `${site.rolePrefix}${sparkRoleSuffix(model)}`,
    AppSpecification: {
      ImageUri: site.image,
      ContainerEntrypoint: [
        'smspark-submit',
        '--py-files',
        `${inside}/package/${fileOf(site.packageKey)}`,
        `${inside}/program/${fileOf(site.programKey)}`,
      ],
      ContainerArguments: [
        ...['--plan', `${inside}/plan/plan.json`],
        ...['--upload', `${inside}/upload`],
        ...['--output', `${inside}/output`],
        ...['--scratch', `${inside}/scratch`],
        // One machine keeps tables on its own disk; several on that of HDFS, which the container starts on them.
        ...['--tables', machines === 1 ? `file://${inside}/scratch/tables` : 'hdfs:///evergreen/tables'],
      ],
    },
    ProcessingInputs: [
      input('package', `s3://${site.codeBucket}/${site.packageKey}`),
      input('program', `s3://${site.codeBucket}/${site.programKey}`),
      input('plan', `${folder}plan.json`),
      // A prefix would bring along every object whose key begins with the upload's.
      input('upload', `${folder}upload.manifest`, 'ManifestFile'),
    ],
    ProcessingOutputConfig: {
      Outputs: [
        {
          OutputName: 'counted',
          S3Output: { S3Uri: `${folder}counted`, LocalPath: `${inside}/output`, S3UploadMode: 'EndOfJob' },
        },
      ],
      KmsKeyId: site.kmsKeyArn,
    },
    ProcessingResources: {
      ClusterConfig: {
        InstanceCount: machines,
        InstanceType: site.instanceType as 'ml.m5.4xlarge',
        VolumeSizeInGB: site.volumeGib,
      },
    },
    // Rows and the key that hashes them go from machine to machine.
    ...(machines > 1 ? { NetworkConfig: { EnableInterContainerTrafficEncryption: true } } : {}),
    StoppingCondition: { MaxRuntimeInSeconds: site.maxHours * 3600 },
    Tags: [
      { Key: 'evergreen:model', Value: model },
      { Key: 'evergreen:run', Value: runId },
    ],
  };
}
