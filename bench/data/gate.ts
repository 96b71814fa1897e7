import { datasetReport } from '../../lib/data/dataset.ts';
import { validateDataset } from '../../lib/data/validate-dataset.ts';
import { tell, uploadedFile } from './uploaded-file.ts';

/*
 * One pass of a file through the gate as the function does it, from the download to the last file of the dataset, but for
 * S3: the upload comes from the disk, documents stay in memory, and files are read through and go no further.
 *
 *     node bench/data/gate.ts <file> [<report.json>]
 */

const [file = ''] = process.argv.slice(2);
const { s3, request, report } = await uploadedFile(file);
const { verdict, datasetId } = await validateDataset(request, {
  s3,
  bucket: 'data',
  maxSourceBytes: 2 ** 40,
  memoryLimit: '1GB',
  readEarlier: async () => null,
  now: () => new Date(),
});
if (verdict !== 'accepted') throw new Error(`the file was ${verdict}`);
const written = report(datasetId);
await tell(written, datasetReport.parse(JSON.parse(written)).problemsByRule);
