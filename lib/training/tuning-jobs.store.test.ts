import {
  DescribeHyperParameterTuningJobCommand,
  ListTrainingJobsForHyperParameterTuningJobCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { readSearch } from './tuning-jobs.store.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 23, 12, 0, seconds));

describe('readSearch', () => {
  it('reads every page of trials, with values as they were before they became text', async () => {
    const sagemaker = mockClient(SageMakerClient);
    sagemaker.on(DescribeHyperParameterTuningJobCommand).resolves({
      HyperParameterTuningJobStatus: 'Completed',
      CreationTime: at(0),
      HyperParameterTuningEndTime: at(90),
    });
    const summary = {
      TrainingJobArn: 'arn',
      CreationTime: at(0),
      TrainingStartTime: at(5),
      TrainingEndTime: at(35),
    };
    sagemaker
      .on(ListTrainingJobsForHyperParameterTuningJobCommand)
      .resolvesOnce({
        TrainingJobSummaries: [
          {
            ...summary,
            TrainingJobName: 'a',
            TrainingJobStatus: 'Completed',
            TunedHyperParameters: { C: '0.5', penalty: '"l2"', balanced: 'true', plain: 'l1' },
            FinalHyperParameterTuningJobObjectiveMetric: { MetricName: 'validation_score', Value: 0.75 },
          },
        ],
        NextToken: 'more',
      })
      .resolves({
        TrainingJobSummaries: [
          { ...summary, TrainingJobName: 'b', TrainingJobStatus: 'Stopped', TunedHyperParameters: {} },
          { ...summary, TrainingJobName: 'c', TrainingJobStatus: 'Failed', TunedHyperParameters: {} },
        ],
      });
    const found = await readSearch(new SageMakerClient({ region: 'eu-central-1' }), 'evergreen-1-r0a0');
    expect(found).toEqual({
      search: { job: 'evergreen-1-r0a0', status: 'Completed', seconds: 90 },
      trials: [
        {
          job: 'a',
          search: 'evergreen-1-r0a0',
          hyperparameters: { C: 0.5, penalty: 'l2', balanced: true, plain: 'l1' },
          objective: 0.75,
          status: 'completed',
          seconds: 30,
        },
        expect.objectContaining({ job: 'b', status: 'stopped', objective: null }),
        expect.objectContaining({ job: 'c', status: 'failed' }),
      ],
    });
  });
});
