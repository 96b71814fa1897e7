import type { OnnxOutline } from './onnx-outline.ts';

export const mebibyte = 1024 ** 2;
export const mebibytes = (bytes: number) => `${Math.ceil(bytes / mebibyte)} MiB`;

/** What a process takes without models when it is busy, of which V8's young generation is half (seen: 180 to 220 MiB). */
const processBytes = 200 * mebibyte;
/** The rest is for requests, and for what the allocator keeps of released models and cannot use. */
const share = 0.6;
const leastShare = 0.1;

/** Bytes that the loaded models of one process may take, of what a machine, container or function has. */
export function memoryBudgetOf(availableBytes: number, processes = 1): number {
  const left = availableBytes - processes * processBytes;
  return Math.floor(Math.max(share * left, leastShare * availableBytes) / processes);
}

/**
 * Rows of one run; a session keeps the memory of its tensors for the next one.
 *
 * What texts and support vectors take grows with rows times the longest text, or times the vectors: a body full of short
 * rows would ask for gigabytes. A small file has few vectors, and of its work each further run is the most.
 *
 * @param readsTexts Whether it takes anything but numbers.
 */
export const rowsOfOneRun = (fileBytes: number, readsTexts: boolean): number =>
  fileBytes <= 64 * 1024 && !readsTexts ? 1024 : 256;

const bytesOfWidestCell = { plain: 20, texts: 32 };
/** Trees and vocabularies become tables of their own, many times as large as in the file. */
const growthOfAttributes = { plain: 6, texts: 12 };

/**
 * About what a loaded model takes, with the tensors of its largest run.
 *
 * Measured as growth of the resident set for each of 10 to 100 sessions after runs of 256 rows (onnxruntime 1.30, Node
 * 24, Linux x64), and in brackets what this function says, in MiB:
 *
 *   linear, 40 features      file 0.003    0.6 (0.7)
 *   perceptron 512, 512      file 2.2      5.6 (6.3);  with int8 weights, file 0.3, 3.0 (3.5)
 *   perceptron 2048, 1024    file 16.7    27 (36);    with int8 weights, file 2.1, 15 (14)
 *   forest of 100 trees      file 9.2     51 (56)
 *   boosted trees            file 1.0      6.7 (6.7)
 *   SVC, 1,981 vectors       file 0.8     10 (11)
 *   8,203 words and pairs    file 5.2    108 (113)
 *   1,783 words and pairs    file 0.8     23 (23)
 *
 * What is released goes back to the allocator: the resident set stays where it was, and the next models fill it.
 *
 * @param fileBytes Size of the file.
 * @param readsTexts Whether it takes free text apart: vocabularies become hash tables.
 */
export function sessionBytesOf(
  fileBytes: number,
  { tensorBytes, widest }: Pick<OnnxOutline, 'tensorBytes' | 'widest'>,
  readsTexts: boolean,
): number {
  const kind = readsTexts ? 'texts' : 'plain';
  const attributes = Math.max(0, fileBytes - tensorBytes);
  return Math.round(
    mebibyte / 2 +
      1.5 * tensorBytes +
      growthOfAttributes[kind] * attributes +
      rowsOfOneRun(fileBytes, readsTexts) * widest * bytesOfWidestCell[kind],
  );
}
