import * as z from 'zod';
import { datasetReport } from '../dataset.ts';

/** The report's document as JSON Schema 2020-12, as docs/schemas/data-report.v1.json publishes it. */
export function reportSchema(): object {
  return {
    $id: 'urn:evergreen:data-report:v1',
    title: 'Report of the data gate',
    ...z.toJSONSchema(datasetReport),
  };
}
