import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderLine, renderPlot } from '../../lib/registry/card/plot.ts';
import { type Figure, figure } from '../figures.ts';
import { load } from './load.ts';
import { exportModels, type TrainedModel, takeRows } from './models.ts';
import { ownProgram } from './programs.ts';
import { RunningServer } from './running-server.ts';

const counts = [1, 10, 50, 100, 250, 500];
const secondsOfOne = 4;
const pictures = fileURLToPath(new URL('../../docs/pictures', import.meta.url));

interface Point {
  models: number;
  readyMs: number;
  memoryMb: number;
  p99: number;
  perSecond: number;
}

/** From 1 to 500 models on one worker, each asked at random. */
export async function measureGrowth(
  bundle: string,
  iris: TrainedModel,
  work: string,
  say: (line: string) => void,
): Promise<Figure[]> {
  const points: Point[] = [];
  for (const models of counts) {
    const folder = join(work, `models-${models}`);
    // The first is asked for the checks of every server.
    const names = [
      'iris',
      ...Array.from({ length: models - 1 }, (_, place) => `m${String(place).padStart(3, '0')}`),
    ];
    await exportModels(
      folder,
      names.map((name) => [name, iris]),
    );
    const server = await RunningServer.start(ownProgram(bundle, folder), iris.sample);
    try {
      const request = server.request(takeRows(iris.sample, 1).rows);
      const paths = names.map((name) => `/models/${name}/predict`);
      const asked = { ...request, paths, connections: 8 };
      // Each model is asked before the figures count.
      await load(work, { ...asked, seconds: 2 });
      const { p99, perSecond } = await load(work, { ...asked, seconds: secondsOfOne });
      const point = {
        models,
        readyMs: server.firstAnswerMs,
        memoryMb: server.memoryBytes / 1e6,
        p99,
        perSecond,
      };
      points.push(point);
      say(
        `${models} models: ready after ${point.readyMs.toFixed(0)} ms, ${point.memoryMb.toFixed(0)} MB, ` +
          `${perSecond.toFixed(0)} requests/s, p99 ${p99.toFixed(2)} ms`,
      );
    } finally {
      await server.stop();
    }
  }
  mkdirSync(pictures, { recursive: true });
  draw(
    'serving-memory',
    'Memory of the server by models',
    'MB',
    points.map(({ models, memoryMb }) => [models, memoryMb]),
  );
  draw(
    'serving-p99',
    'p99 of one row by models',
    'ms',
    points.map(({ models, p99 }) => [models, p99]),
  );
  const [one, ...rest] = points;
  const last = rest.at(-1);
  if (!one || !last) throw new Error('nothing was measured');
  const each = (last.memoryMb - one.memoryMb) / (last.models - one.models);
  return [figure('memory that one more model takes', [each], 'MB', 2)];
}

const style =
  '.plot{background:#fff;font:11px system-ui,sans-serif}.grid{stroke:#ddd}.line{fill:none;stroke:#176d3d;stroke-width:2}.label{font-weight:600}';

function draw(name: string, title: string, unit: string, points: [number, number][]): void {
  const most = Math.max(...points.map(([, value]) => value));
  const plot = renderPlot(
    {
      id: name,
      title,
      description: points
        .map(([models, value]) => `${models} models: ${value.toFixed(2)} ${unit}`)
        .join('; '),
      x: { label: 'models', low: 0, high: 500 },
      y: { label: unit, low: 0, high: most * 1.1 },
    },
    (x, y) => [renderLine(points, 0, x, y)],
  );
  const svg = plot.markup
    .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace('>', `><style>${style}</style>`);
  writeFileSync(join(pictures, `${name}.svg`), `${svg}\n`);
}
