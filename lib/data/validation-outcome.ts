import { type DatasetManifest, type DatasetReport, datasetKey, type ValidationOutcome } from './dataset.ts';

/** What a state of the pipeline hands on is limited; the report has all. */
const mostReasons = 20;

/** The outcome of a dataset that is there already. */
export function outcomeOfManifest({ model, datasetId, rows, files }: DatasetManifest): ValidationOutcome {
  const manifestKey = datasetKey(model, datasetId, 'manifest.json');
  return { verdict: 'accepted', datasetId, reportKey: files.report.key, manifestKey, reasons: [], rows };
}

/** What the pipeline chooses by, out of a report. */
export function outcomeOf(
  { verdict, model, datasetId, reasons, rows }: DatasetReport,
  manifestKey: string | null,
): ValidationOutcome {
  const reportKey = datasetKey(model, datasetId, 'report.json');
  const more = reasons.length - mostReasons;
  const told =
    more > 0 ? [...reasons.slice(0, mostReasons), `${more} more reasons are in the report`] : reasons;
  return { verdict, datasetId, reportKey, manifestKey, reasons: told, rows };
}
