import { type CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { S3Client } from '@aws-sdk/client-s3';
import { candidateVariants } from '../inference/prediction-record.ts';
import { deployedModel } from '../model/deployed-model.ts';
import type { VersionCost } from '../registry/card/model-card.ts';
import { costOfVersion } from '../registry/card/version-cost.ts';
import type { RegistryStore } from '../registry/registry.store.ts';
import type { ModelVersion } from '../registry/registry.ts';
import { metricNamespace } from '../shared/embedded-metrics.ts';
import { type ObjectLocation, readBytes, readDocument } from '../shared/objects.ts';
import { trainingRecord } from '../training/model-package.ts';
import { tuningReport } from '../training/tuning-report.ts';
import type { CaptureStore } from './captures.store.ts';
import type { DayUsage } from './model-cost.ts';

export interface UsageSite {
  cloudWatch: CloudWatchClient;
  s3: S3Client;
  modelBucket: string;
  captures: Pick<CaptureStore, 'sizeOfDay'>;
  registry: Pick<RegistryStore, 'listVersions'>;
}

const dayMs = 86_400_000;
/** More are not registered in a day: runs of a model come one after the other. */
const mostVersions = 50;

/** What a model used in the 24 hours before a time. */
export async function readDayUsage(site: UsageSite, model: string, now: Date): Promise<DayUsage> {
  const since = new Date(now.getTime() - dayMs);
  const [served, captured, versions] = await Promise.all([
    readServed(site.cloudWatch, model, since, now),
    site.captures.sizeOfDay(model, now),
    site.registry.listVersions(model, mostVersions),
  ]);
  const made = versions.filter(
    ({ createdAt, importedFrom }) => createdAt >= since.toISOString() && !importedFrom,
  );
  return { ...served, captured, trainings: await Promise.all(made.map((version) => costOf(site, version))) };
}

/** Without those that asked for a version by its number, which are in no metric. */
async function readServed(client: CloudWatchClient, model: string, since: Date, now: Date) {
  const wanted = ['champion', ...candidateVariants].flatMap((variant) =>
    (['Requests', 'Errors', 'LatencyMs'] as const).map((MetricName) => ({ variant, MetricName })),
  );
  const { MetricDataResults = [] } = await client.send(
    new GetMetricDataCommand({
      StartTime: since,
      EndTime: now,
      MetricDataQueries: wanted.map(({ variant, MetricName }, index) => ({
        Id: `m${index}`,
        MetricStat: {
          Metric: {
            Namespace: metricNamespace(),
            MetricName,
            Dimensions: [
              { Name: 'model', Value: model },
              { Name: 'variant', Value: variant },
            ],
          },
          Period: 3600,
          Stat: 'Sum',
        },
      })),
    }),
  );
  const sumOf = (metric: string) =>
    MetricDataResults.filter(({ Id }) => wanted[Number(Id?.slice(1))]?.MetricName === metric)
      .flatMap(({ Values = [] }) => Values)
      .reduce((sum, value) => sum + value, 0);
  return { requests: sumOf('Requests') + sumOf('Errors'), latencyMs: sumOf('LatencyMs') };
}

async function costOf({ s3, modelBucket }: UsageSite, { packagePrefix }: ModelVersion): Promise<VersionCost> {
  const at = (name: string): ObjectLocation => ({ bucket: modelBucket, key: `${packagePrefix}${name}` });
  const [{ definition }, training, tuning] = await Promise.all([
    readDocument(s3, at('definition.json'), deployedModel),
    readDocument(s3, at('training.json'), trainingRecord),
    readBytes(s3, at('tuning.json')),
  ]);
  const search = tuning && tuningReport.parse(JSON.parse(new TextDecoder().decode(tuning)));
  return costOfVersion(definition.train, training, search ?? null);
}
