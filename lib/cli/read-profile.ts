import { readFileSync } from 'node:fs';
import { type DatasetProfile, datasetProfile } from '../data/dataset.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';

/** A dataset's profile.json. */
export function readProfile(path: string, model: string): DatasetProfile {
  try {
    return datasetProfile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const message = `${path} is no profile.json of a dataset of ${model}: ${messageOf(cause)}`;
    throw new EvergreenError('file-unreadable', message, { cause });
  }
}
