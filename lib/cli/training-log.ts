import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { jobNameStem } from '../training/training-job.ts';

const logGroup = '/aws/sagemaker/TrainingJobs';

/** Follows what the training jobs of a run write. */
export class TrainingLog {
  readonly #logs: CloudWatchLogsClient;
  readonly #prefix: string;
  readonly #seen = new Set<string>();
  #from = 0;

  constructor(logs: CloudWatchLogsClient, runId: string) {
    this.#logs = logs;
    this.#prefix = jobNameStem(runId);
  }

  /** Lines written since the last call; none while there is no log yet. */
  async next(): Promise<string[]> {
    try {
      const page = await this.#logs.send(
        new FilterLogEventsCommand({
          logGroupName: logGroup,
          logStreamNamePrefix: this.#prefix,
          startTime: this.#from,
          limit: 1000,
        }),
      );
      const fresh = (page.events ?? []).filter(
        ({ eventId, logStreamName }) =>
          !this.#seen.has(eventId ?? '') && logStreamName?.startsWith(this.#prefix) === true,
      );
      for (const event of fresh) {
        if (event.eventId !== undefined) this.#seen.add(event.eventId);
        this.#from = Math.max(this.#from, event.timestamp ?? 0);
      }
      return fresh.map((event) => (event.message ?? '').trimEnd()).filter((line) => line !== '');
    } catch (thrown) {
      if (thrown instanceof Error && thrown.name === 'ResourceNotFoundException') return [];
      throw thrown;
    }
  }
}
