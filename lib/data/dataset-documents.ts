import type { Column } from './columns.ts';
import {
  type DatasetManifest,
  type DatasetReport,
  datasetManifest,
  datasetProfile,
  goldenRows,
  type Row,
  type ValidationRequest,
} from './dataset.ts';
import type { Examination } from './examination.ts';
import type { JoinOutcome } from './parts/parts.ts';

/** The documents of a dataset: golden rows and frozen profile. */
export function describeFiles(
  rows: readonly Row[],
  columns: readonly Column[],
  { model, datasetId, rows: counted }: DatasetReport,
  { profiles, labelFlips, hashed = {} }: Examination & { hashed?: Record<string, string> },
): { golden: string; profile: string } {
  const target = columns.find(({ role }) => role === 'target')?.name ?? '';
  const { [target]: ofTarget, ...ofFeatures } = profiles;
  const profile = datasetProfile.parse({
    schema: 'evergreen/profile/v1',
    model,
    datasetId,
    rows: counted.train,
    features: ofFeatures,
    target: ofTarget,
    ...(Object.keys(hashed).length === 0 ? {} : { hashed }),
    labelFlips,
  });
  const golden = goldenRows.parse({ schema: 'evergreen/golden-rows/v1', rows });
  return { golden: JSON.stringify(golden), profile: JSON.stringify(profile) };
}

/** What the manifest says beside the files. */
export function aboutDataset(
  { definitionDigest, parents }: ValidationRequest,
  { model, datasetId, source, rows, createdAt }: DatasetReport,
  codeDigest: string,
  joined: JoinOutcome | null,
): Omit<DatasetManifest, 'schema' | 'files'> {
  return {
    model,
    datasetId,
    definitionDigest,
    source: datasetManifest.shape.source.parse(source),
    rows,
    ...(parents ? { parents } : {}),
    ...(joined?.outcome === 'joined' ? { gatheredFrom: gatheredFrom(joined) } : {}),
    codeDigest,
    createdAt,
  };
}

/** The manifest of an upload of many files, and the files. */
export function gatheredFrom({
  manifest,
  parts,
}: Extract<JoinOutcome, { outcome: 'joined' }>): NonNullable<DatasetManifest['gatheredFrom']> {
  return [manifest, ...parts].map(({ key, versionId }) => ({ key, versionId }));
}
