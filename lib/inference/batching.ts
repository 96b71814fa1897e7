import type { Prediction } from './prediction-record.ts';
import type { ModelSession } from './session.ts';
import { type Matrices, stackRows } from './tensors.ts';

interface Waiting {
  matrices: Matrices;
  resolve: (predictions: Prediction[]) => void;
  reject: (thrown: unknown) => void;
}

/** Requests with more rows gain nothing from company, and would make it wait. */
const mostRowsOfOne = 64;

/**
 * A session that answers all requests of one turn of the event loop in one run.
 *
 * Nobody waits for company: what arrives while a run blocks the process is the next batch, so batches grow with the load.
 * When a batch fails each of its requests is run by itself, so that none fails for another's rows.
 *
 * @param onBatch Told how many requests and rows went into a run.
 */
export function batchRequests(
  session: ModelSession,
  onBatch: (requests: number, rows: number) => void = () => undefined,
): ModelSession {
  let waiting: Waiting[] = [];

  async function runAll(batch: readonly Waiting[]): Promise<void> {
    const [first] = batch;
    const matrices =
      first && batch.length === 1 ? first.matrices : stackRows(batch.map((each) => each.matrices));
    onBatch(batch.length, matrices.rows);
    let predictions: Prediction[];
    try {
      predictions = await session.answer(matrices);
    } catch (thrown) {
      if (batch.length === 1) first?.reject(thrown);
      else for (const each of batch) await runAll([each]);
      return;
    }
    let start = 0;
    for (const each of batch) {
      const end = start + each.matrices.rows;
      each.resolve(batch.length === 1 ? predictions : predictions.slice(start, end));
      start = end;
    }
  }

  function flush(): void {
    const batch = waiting;
    waiting = [];
    void runAll(batch);
  }

  return {
    answer(matrices) {
      if (matrices.rows > mostRowsOfOne) return session.answer(matrices);
      return new Promise((resolve, reject) => {
        waiting.push({ matrices, resolve, reject });
        if (waiting.length === 1) setImmediate(flush);
      });
    },
    predict: (rows) => session.predict(rows),
    release: () => session.release(),
  };
}
