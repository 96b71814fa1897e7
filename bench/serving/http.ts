import { type Figure, figure, figureAtLeast, median } from '../figures.ts';
import { type LoadResult, load } from './load.ts';
import { type TrainedModel, takeRows } from './models.ts';
import { byTensor } from './programs.ts';
import { RunningServer, type ServerProgram } from './running-server.ts';

const rounds = 5;
const secondsOfOne = 2;

const settings = {
  one: { rows: 1, connections: 1 },
  many: { rows: 1, connections: 32 },
  large: { rows: 1000, connections: 4 },
} as const;
type Setting = keyof typeof settings;

interface Measured {
  results: Record<Setting, LoadResult[]>;
  memoryBytes: number;
  firstAnswerMs: number;
}

/** All servers run at once and are asked in turns, so that the machine's moods meet them all. */
async function measureAll(
  programs: ServerProgram[],
  iris: TrainedModel,
  work: string,
  say: (line: string) => void,
): Promise<Map<string, Measured>> {
  const servers: RunningServer[] = [];
  try {
    for (const program of programs) {
      const server = await RunningServer.start(program, iris.sample);
      say(`${program.name}: first answer after ${server.firstAnswerMs.toFixed(0)} ms`);
      servers.push(server);
    }
    const measured = new Map(
      servers.map(({ program, firstAnswerMs }): [string, Measured] => [
        program.name,
        { results: { one: [], many: [], large: [] }, memoryBytes: 0, firstAnswerMs },
      ]),
    );
    // The first round warms up and does not count.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [setting, { rows, connections }] of Object.entries(settings)) {
        for (const server of servers) {
          const request = server.request(takeRows(iris.sample, rows).rows);
          const result = await load(work, { ...request, connections, seconds: secondsOfOne });
          if (round > 0) measured.get(server.program.name)?.results[setting as Setting].push(result);
        }
      }
      say(`round ${round} of ${rounds}`);
    }
    for (const server of servers) {
      await server.check(takeRows(iris.sample, 1000));
      const own = measured.get(server.program.name);
      if (own) own.memoryBytes = server.memoryBytes;
    }
    return measured;
  } finally {
    for (const server of servers) await server.stop();
  }
}

function tell(measured: Map<string, Measured>, say: (line: string) => void): void {
  for (const [name, { results, memoryBytes, firstAnswerMs }] of measured) {
    for (const [setting, { rows, connections }] of Object.entries(settings)) {
      const of = (member: keyof LoadResult) =>
        median(results[setting as Setting].map((each) => each[member]));
      say(
        `${name}, ${rows} row${rows === 1 ? '' : 's'}, ${connections} connection${connections === 1 ? '' : 's'}: ` +
          `${of('perSecond').toFixed(0)} requests/s, p50 ${of('p50').toFixed(2)} ms, p99 ${of('p99').toFixed(2)} ms`,
      );
    }
    say(
      `${name}: ${(memoryBytes / 1e6).toFixed(0)} MB after the load, first answer ${firstAnswerMs.toFixed(0)} ms`,
    );
  }
}

/** The standalone server beside its peers; every figure is a ratio of the same run. */
export async function measureHttp(
  own: ServerProgram,
  bare: ServerProgram,
  peers: ServerProgram[],
  iris: TrainedModel,
  work: string,
  say: (line: string) => void,
): Promise<Figure[]> {
  const measured = await measureAll([own, byTensor(own), bare, ...peers], iris, work, say);
  tell(measured, say);
  const of = (name: string): Measured => {
    const found = measured.get(name);
    if (!found) throw new Error(`${name} was not measured`);
    return found;
  };
  const values = (name: string, setting: Setting, member: keyof LoadResult) =>
    of(name).results[setting].map((each) => each[member]);
  const ratios = (to: string, setting: Setting, member: keyof LoadResult) => {
    const others = values(to, setting, member);
    return values(own.name, setting, member).map((each, round) => each / (others[round] ?? Number.NaN));
  };
  const rates: [string, number][] = [
    [bare.name, 1],
    ['FastAPI', 2.8],
    ['MLServer', 8],
    ['MLflow', 18],
    ['BentoML', 25],
  ];
  const figures = rates.map(([name, limit]) =>
    figureAtLeast(`requests/s, 32 connections, of ${name}`, ratios(name, 'many', 'perSecond'), '1', limit),
  );
  for (const setting of ['one', 'many'] as const) {
    const { connections } = settings[setting];
    for (const member of ['p50', 'p99'] as const) {
      // Each round of ours beside the quickest peer of that round.
      const best = values(own.name, setting, member).map((_, round) =>
        Math.min(...peers.map(({ name }) => values(name, setting, member)[round] ?? Number.NaN)),
      );
      const shares = values(own.name, setting, member).map(
        (each, round) => each / (best[round] ?? Number.NaN),
      );
      figures.push(
        figure(`${member}, ${connections} connections, of the quickest Python peer`, shares, '1', 1),
      );
    }
  }
  // Each peer is asked in its own form; MLServer's is the Open Inference Protocol, so there we are asked by that too.
  const large = (name: string) => values(name, 'large', 'perSecond');
  const asked = (name: string) => large(name === 'MLServer' ? byTensor(own).name : own.name);
  const least = large(own.name).map((_, round) =>
    Math.min(...peers.map(({ name }) => (asked(name)[round] ?? 0) / (large(name)[round] ?? 0))),
  );
  return [
    ...figures,
    figureAtLeast('requests/s of 1,000 rows, of bare', ratios(bare.name, 'large', 'perSecond'), '1', 0.9),
    figureAtLeast("requests/s of 1,000 rows in the peer's form, least of the Python peers", least, '1', 2),
    figure('memory, of bare', [of(own.name).memoryBytes / of(bare.name).memoryBytes], '1', 1.3),
    figure('memory, of MLflow', [of(own.name).memoryBytes / of('MLflow').memoryBytes], '1', 0.25),
  ];
}

/** Milliseconds from the start of the process to the first answer, once for each round. */
export async function measureStart(own: ServerProgram, iris: TrainedModel): Promise<Figure> {
  const taken: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const server = await RunningServer.start(own, iris.sample);
    taken.push(server.firstAnswerMs);
    await server.stop();
  }
  return figure('standalone server, start of the process to first answer', taken, 'ms', 300);
}
