import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { html } from '../../lib/data/report/report-html.ts';
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
  /** The same models in one process of the function's size, without a network. */
  inFunction: z.infer<typeof inProcess>;
}

const inProcess = z.object({ loadMs: z.number(), p99: z.number(), memoryMb: z.number() });
const functionMib = '1769';

function askInFunction(folder: string): z.infer<typeof inProcess> {
  const program = fileURLToPath(new URL('one-process.ts', import.meta.url));
  return inProcess.parse(
    JSON.parse(execFileSync(process.execPath, [program, folder, functionMib]).toString()),
  );
}

/** From 1 to 500 models on one worker, and in one function, each asked at random. */
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
        inFunction: askInFunction(folder),
      };
      points.push(point);
      say(
        `${models} models: ready after ${point.readyMs.toFixed(0)} ms, ${point.memoryMb.toFixed(0)} MB, ` +
          `${perSecond.toFixed(0)} requests/s, p99 ${p99.toFixed(2)} ms; in a function loaded in ` +
          `${point.inFunction.loadMs.toFixed(0)} ms, ${point.inFunction.memoryMb.toFixed(0)} MB, p99 ${point.inFunction.p99.toFixed(3)} ms`,
      );
    } finally {
      await server.stop();
    }
  }
  mkdirSync(pictures, { recursive: true });
  const line = (of: (point: Point) => number) =>
    points.map((point): [number, number] => [point.models, of(point)]);
  draw('serving-memory', 'Memory by models', 'MB', {
    server: line(({ memoryMb }) => memoryMb),
    function: line(({ inFunction }) => inFunction.memoryMb),
  });
  draw('serving-p99-server', 'Server: p99 of one row by models', 'ms', { server: line(({ p99 }) => p99) });
  draw('serving-p99-function', 'Function: p99 of one row by models, no network', 'ms', {
    function: line(({ inFunction }) => inFunction.p99),
  });
  const [one, ...rest] = points;
  const last = rest.at(-1);
  if (!one || !last) throw new Error('nothing was measured');
  const each = (last.memoryMb - one.memoryMb) / (last.models - one.models);
  return [figure('memory that one more model takes', [each], 'MB', 2)];
}

const style =
  '.plot{background:#fff;font:11px system-ui,sans-serif}.grid{stroke:#ddd}.line{fill:none;stroke:#176d3d;stroke-width:2}.look-1{stroke:#8a4b08;stroke-dasharray:6 3}.label{font-weight:600}';

function draw(name: string, title: string, unit: string, lines: Record<string, [number, number][]>): void {
  const named = Object.entries(lines);
  const all = named.flatMap(([, points]) => points);
  const said = named.map(
    ([label, points]) =>
      `${label}: ${points.map(([models, value]) => `${models} models ${value.toFixed(2)} ${unit}`).join(', ')}`,
  );
  const plot = renderPlot(
    {
      id: name,
      title,
      description: said.join('; '),
      x: { label: 'models', low: 0, high: 500 },
      y: { label: unit, low: 0, high: Math.max(...all.map(([, value]) => value)) * 1.1 },
    },
    (x, y) =>
      named.flatMap(([label, points], look) => {
        const [models, value] = points.at(-1) ?? [0, 0];
        return [
          renderLine(points, look, x, y),
          html`<text x="${x(models)}" y="${y(value)}" dy="-6" text-anchor="end">${label}</text>`,
        ];
      }),
  );
  const svg = plot.markup
    .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace('>', `><style>${style}</style>`);
  writeFileSync(join(pictures, `${name}.svg`), `${svg}\n`);
}
