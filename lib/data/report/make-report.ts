import type { ModelDefinition } from '../../model/definition.ts';
import { formatOf } from '../../model/source-format.ts';
import { type DatasetReport, datasetReport, type SourceObject } from '../dataset.ts';
import type { Examination } from '../examination.ts';
import { nameLines } from '../parts/name-lines.ts';
import type { JoinedPart } from '../parts/parts.ts';
import type { Download } from '../source.store.ts';
import { renderReport } from './report-page.ts';

/** What is known of an examination besides what it found. */
export interface ReportOrigin {
  definition: ModelDefinition;
  runId: string;
  datasetId: string;
  source: SourceObject;
  download: Download;
  /** The files that the source was joined from: what was found is told by their lines. */
  parts?: readonly JoinedPart[];
  startedAt: Date;
  endedAt: Date;
}

export interface MadeReport {
  report: DatasetReport;
  /** The files of the report as they are written. */
  files: { report: string; page: string; quarantine: string | null };
}

/** The report of an examination: the document, the page, and the rows that were kept out. */
export function makeReport(examined: Examination, origin: ReportOrigin): MadeReport {
  const { definition, runId, datasetId, source, download, parts, startedAt, endedAt } = origin;
  const found = parts ? nameLines(examined, parts) : examined;
  const report = datasetReport.parse({
    schema: 'evergreen/data-report/v1',
    model: definition.name,
    runId,
    datasetId,
    verdict: found.reasons.length === 0 ? 'accepted' : 'rejected',
    source: { ...source, ...download, format: formatOf(source.key)?.format ?? 'unknown' },
    ...found,
    createdAt: startedAt.toISOString(),
    durationMs: endedAt.getTime() - startedAt.getTime(),
  });
  return {
    report,
    files: {
      report: JSON.stringify(report),
      page: renderReport(report, definition, found.profiles),
      quarantine: jsonLines(found.quarantine),
    },
  };
}

function jsonLines(documents: readonly unknown[]): string | null {
  return documents.length === 0 ? null : documents.map((each) => `${JSON.stringify(each)}\n`).join('');
}
