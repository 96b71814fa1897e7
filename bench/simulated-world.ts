import { seededRandom } from '../lib/shared/random.ts';

/** A row of two numbers, with what is said of it. */
export interface WorldRow {
  x: number;
  y: number;
  label: 'yes' | 'no';
}

/** A line through the plane: rows on one side are answered yes. */
export interface Line {
  x: number;
  y: number;
  offset: number;
}

export const answerOf = (line: Line, { x, y }: Pick<WorldRow, 'x' | 'y'>): WorldRow['label'] =>
  line.x * x + line.y * y + line.offset > 0 ? 'yes' : 'no';

/** Share of the rows whose truth no model can know. */
export const noise = 0.08;
const yearDays = 365;
const degrees = (angle: number) => (angle * Math.PI) / 180;

export const breaks = [
  { day: 110, turn: 60 },
  { day: 250, turn: -80 },
];
const seasonAngle = 20;

/** What is true on a day: the line turns to and fro with the seasons, and at once at each break. */
export function truthOn(day: number): Line {
  const turned = breaks.filter((each) => day >= each.day).reduce((sum, { turn }) => sum + turn, 0);
  const angle = degrees(seasonAngle * Math.sin((2 * Math.PI * day) / yearDays) + turned);
  return { x: Math.cos(angle), y: Math.sin(angle), offset: 0 };
}

export function drawNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function drawRow(day: number, random: () => number): WorldRow {
  const [x, y] = [drawNormal(random), drawNormal(random)];
  const label = answerOf(truthOn(day), { x, y });
  const isNoise = random() < noise;
  return { x, y, label: isNoise ? (label === 'yes' ? 'no' : 'yes') : label };
}

/** The line that fits rows best by least squares. */
export function train(rows: readonly WorldRow[]): Line {
  const n = rows.length;
  const mean = (of: (row: WorldRow) => number) => rows.reduce((sum, row) => sum + of(row), 0) / n;
  const sign = ({ label }: WorldRow) => (label === 'yes' ? 1 : -1);
  const [x, y, s] = [mean((row) => row.x), mean((row) => row.y), mean(sign)];
  const covariance = (a: (row: WorldRow) => number, b: (row: WorldRow) => number) =>
    mean((row) => a(row) * b(row));
  const [dx, dy] = [(row: WorldRow) => row.x - x, (row: WorldRow) => row.y - y];
  const ds = (row: WorldRow) => sign(row) - s;
  const [xx, xy, yy] = [covariance(dx, dx), covariance(dx, dy), covariance(dy, dy)];
  const [xs, ys] = [covariance(dx, ds), covariance(dy, ds)];
  const determinant = xx * yy - xy * xy;
  const slope = { x: (yy * xs - xy * ys) / determinant, y: (xx * ys - xy * xs) / determinant };
  return { ...slope, offset: s - slope.x * x - slope.y * y };
}

const random = seededRandom(99);
const grid = Array.from({ length: 2000 }, () => ({ x: drawNormal(random), y: drawNormal(random) }));

/** How often each line is right on a day, of rows without number. */
export function accuraciesOn(day: number, lines: readonly Line[]): number[] {
  const truth = truthOn(day);
  const truths = grid.map((point) => answerOf(truth, point));
  return lines.map((line) => {
    let agreeing = 0;
    for (const [place, point] of grid.entries()) if (answerOf(line, point) === truths[place]) agreeing += 1;
    const agree = agreeing / grid.length;
    return agree * (1 - noise) + (1 - agree) * noise;
  });
}
