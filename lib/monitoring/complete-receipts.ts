import { EvergreenError } from '../shared/errors.ts';
import type { FullReceipt, Receipt } from './capture.ts';
import type { CaptureStore } from './captures.store.ts';

const readsAtOnce = 16;

/** Receipts with their content, by prediction id; those whose content is gone are left out. */
export async function completeAll(
  captures: Pick<CaptureStore, 'complete'>,
  receipts: Receipt[],
): Promise<Map<string, FullReceipt>> {
  const complete = new Map<string, FullReceipt>();
  for (let index = 0; index < receipts.length; index += readsAtOnce) {
    const chunk = receipts.slice(index, index + readsAtOnce);
    for (const full of await Promise.all(chunk.map((receipt) => completeOrGone(captures, receipt)))) {
      if (full) complete.set(full.predictionId, full);
    }
  }
  return complete;
}

/** Objects and receipts expire each by themselves; a receipt may outlive its object by a day. */
async function completeOrGone(
  captures: Pick<CaptureStore, 'complete'>,
  receipt: Receipt,
): Promise<FullReceipt | undefined> {
  try {
    return await captures.complete(receipt);
  } catch (thrown) {
    if (thrown instanceof EvergreenError && thrown.code === 'artifact-missing') return undefined;
    throw thrown;
  }
}
