/**
 * SQL of a number from 0 to 2^32 - 1 drawn by a whole number that is not negative: the same in DuckDB, in Spark
 * (spark/evergreen_spark/draw.py) and in every version of either, so that the same rows are taken as samples.
 *
 * Two rounds of multiplying and folding; nothing passes 2^63.
 */
export function drawSql(number: string): string {
  const first = `(((${number} + 2654435769) % 4294967296) * 747796405 % 4294967296)`;
  const second = `(xor(${first}, ${first} // 65536) * 73244475 % 4294967296)`;
  return `xor(${second}, ${second} // 65536)`;
}
