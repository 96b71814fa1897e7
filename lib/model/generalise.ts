import * as z from 'zod';

/*
 * Personal values made coarser before anything keeps them: the feature is the coarser value, in training and serving
 * alike. Both forms leave a value alone that is coarse already, so it does no harm to meet one twice.
 */

/** Numbers become the lower end of their range: with a width of 10, 37 becomes 30. */
export const generaliseNumber = z.strictObject({ width: z.int().positive().max(1e9) });

/** Categories keep their first characters: of a date the year, of a postcode the region. */
export const generaliseCategory = z.strictObject({ keep: z.int().positive().max(100) });

export function generalisedNumber(value: number, width: number): number {
  return Math.floor(value / width) * width;
}
