import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type EdgePlace,
  label,
  placesBeside,
  predict,
  serve,
  sync,
  verify,
} from '../lib/server/edge/commands.ts';
import { EvergreenError, exitCode, messageOf } from '../lib/shared/errors.ts';
import packageFile from '../package.json' with { type: 'json' };

/* The program of an exported archive: `node run.mjs <command>`. It prints JSON; errors and the log go to the error output. */

const usage = `usage: node run.mjs <command>

  serve [--port 8080] [--host 127.0.0.1] [--keys <file> | --open]    answer over HTTP until Ctrl-C
  predict --row '{...}'                                             answer one row, or an array of rows
  label --prediction <id> --label <true answer> [--row 0]           keep what turned out to be true
  verify                                                            check every file against the signature
  sync --url <API> --key <key>                                      send what was kept; EVERGREEN_API_KEY holds a key too

  --captures <folder>   where predictions are kept until then (default: captures/ beside run.mjs)
  --keep-mb <n>         how much is kept; above it the oldest goes (default: 64)
  --trust <file>        public key whose signatures count (default: the one in the archive)
  --model <name>        which model, when the archive holds several
`;

const text = { type: 'string' } as const;
const options = {
  port: text,
  host: text,
  keys: text,
  open: { type: 'boolean' },
  row: text,
  prediction: text,
  label: text,
  url: text,
  key: text,
  captures: text,
  'keep-mb': text,
  trust: text,
  model: text,
  help: { type: 'boolean', short: 'h' },
} as const;

const print = (value: unknown) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
const log = (entry: object) =>
  void process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);

function parseCommand() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (cause) {
    throw new EvergreenError('usage-invalid', `${messageOf(cause)}\n\n${usage}`, { cause });
  }
}

function need(value: string | undefined, name: string): string {
  if (value !== undefined && value !== '') return value;
  throw new EvergreenError('usage-invalid', `say --${name}\n\n${usage}`);
}

function wholeNumber(given: string | undefined, name: string, least: number): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new EvergreenError(
    'usage-invalid',
    `--${name} is ${given}; a whole number from ${least} on is needed`,
  );
}

function rowsOf(given: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(given);
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch (cause) {
    throw new EvergreenError('usage-invalid', `--row is not JSON: ${messageOf(cause)}`, { cause });
  }
}

async function run(): Promise<number> {
  const { values, positionals } = parseCommand();
  const [command, ...more] = positionals;
  if (values.help || command === undefined || more.length > 0) {
    process.stderr.write(usage);
    return values.help ? 0 : 2;
  }
  const beside = placesBeside(dirname(process.argv[1] ?? '.'));
  const place: EdgePlace = {
    models: beside.models,
    captures: values.captures ?? beside.captures,
    limitBytes: (wholeNumber(values['keep-mb'], 'keep-mb', 1) ?? 64) * 1024 * 1024,
    trustFile: values.trust,
    serverVersion: packageFile.version,
  };
  switch (command) {
    case 'verify':
      print({ verified: await verify(place) });
      return 0;
    case 'predict': {
      const { status, reply } = await predict(place, rowsOf(need(values.row, 'row')), values.model);
      print(reply);
      return status === 200 ? 0 : status >= 500 ? 6 : 2;
    }
    case 'label': {
      const predictionId = need(values.prediction, 'prediction');
      const row = wholeNumber(values.row, 'row', 0) ?? 0;
      await label(place, { predictionId, row, label: need(values.label, 'label') }, values.model);
      print({ kept: true, predictionId, row });
      return 0;
    }
    case 'sync': {
      const key = need(values.key ?? process.env.EVERGREEN_API_KEY, 'key');
      const report = await sync(place, { url: need(values.url, 'url'), key }, (told) =>
        log({ level: 'info', kind: 'sync', told }),
      );
      print(report);
      return report.refused.length === 0 ? 0 : 2;
    }
    case 'serve': {
      const told = new Promise<string>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve);
      });
      const { host, keys, open } = values;
      const port = wholeNumber(values.port, 'port', 0);
      const server = await serve(place, { host, keys, open, port }, log);
      log({ level: 'info', kind: 'serving', host: server.host, port: server.port, models: server.models });
      log({ level: 'info', kind: 'stopping', signal: await told });
      return (await server.stop()) === 0 ? 0 : 1;
    }
    default:
      throw new EvergreenError('usage-invalid', `there is no command ${command}\n\n${usage}`);
  }
}

try {
  process.exit(await run());
} catch (thrown) {
  const [code, kind] =
    thrown instanceof EvergreenError ? [thrown.code, thrown.kind] : (['internal', 'internal'] as const);
  process.stderr.write(`error: ${messageOf(thrown)} (${code})\n`);
  process.exit(exitCode[kind]);
}
