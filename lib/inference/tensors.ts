import type { Cell, Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { signatureOf } from '../model/signature.ts';

/** The matrices of n rows, row after row. */
export interface Matrices {
  rows: number;
  numbers: Float32Array | undefined;
  texts: string[] | undefined;
}

/** Numbers of a cell as models take them: missing is NaN, booleans are 0 and 1. */
function toNumber(cell: Cell | undefined): number {
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'boolean') return cell ? 1 : 0;
  return Number.NaN;
}

/** A function that puts rows of a definition into matrices; the rows are taken to fit it. */
export function compileEncoder(definition: ModelDefinition): (rows: readonly Row[]) => Matrices {
  const { inputs } = signatureOf(definition);
  const numberNames = inputs.find(({ name }) => name === 'numbers')?.features ?? [];
  const textNames = inputs.find(({ name }) => name === 'texts')?.features ?? [];
  return (rows) => {
    const numbers = new Float32Array(rows.length * numberNames.length);
    const texts = new Array<string>(rows.length * textNames.length);
    let number = 0;
    let text = 0;
    for (const row of rows) {
      for (const name of numberNames) numbers[number++] = toNumber(row[name]);
      for (const name of textNames) {
        const cell = row[name];
        texts[text++] = typeof cell === 'string' ? cell : '';
      }
    }
    return {
      rows: rows.length,
      numbers: numberNames.length > 0 ? numbers : undefined,
      texts: textNames.length > 0 ? texts : undefined,
    };
  };
}

/** Some of the rows of matrices, from one place up to another. */
export function takeRows({ rows, numbers, texts }: Matrices, start: number, end: number): Matrices {
  const wide = numbers && numbers.length / rows;
  const texted = texts && texts.length / rows;
  return {
    rows: end - start,
    numbers: wide === undefined ? undefined : numbers?.subarray(start * wide, end * wide),
    texts: texted === undefined ? undefined : texts?.slice(start * texted, end * texted),
  };
}

/** Rows of one model below each other. */
export function stackRows(all: readonly Matrices[]): Matrices {
  const rows = all.reduce((sum, each) => sum + each.rows, 0);
  const size = all.reduce((sum, { numbers }) => sum + (numbers?.length ?? 0), 0);
  let numbers: Float32Array | undefined;
  let place = 0;
  for (const each of all) {
    if (!each.numbers) continue;
    numbers ??= new Float32Array(size);
    numbers.set(each.numbers, place);
    place += each.numbers.length;
  }
  return { rows, numbers, texts: all[0]?.texts && all.flatMap((each) => each.texts ?? []) };
}
