import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentOf } from '../python-environment.ts';
import type { Sample } from './models.ts';
import type { ServerProgram } from './running-server.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const peers = join(repository, 'bench', 'serving', 'peers');

const asRows = (rows: Sample['rows']) => JSON.stringify({ rows });
const names = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'];
const cells = (row: Sample['rows'][number]) => names.map((name) => row[name]);

const asTensor = (rows: Sample['rows']) =>
  JSON.stringify({
    inputs: [{ name: 'numbers', shape: [rows.length, 4], datatype: 'FP32', data: rows.flatMap(cells) }],
  });

const asFrame = (rows: Sample['rows']) =>
  JSON.stringify({ dataframe_split: { columns: names, data: rows.map(cells) } });

/** The standalone server as it is shipped, of one worker. */
export function ownProgram(bundle: string, models: string, workers = 1): ServerProgram {
  return {
    name: 'evergreen',
    command: process.execPath,
    args: (port) => [
      join(bundle, 'serve.mjs'),
      '--models',
      models,
      '--workers',
      `${workers}`,
      '--port',
      `${port}`,
    ],
    path: '/models/iris/predict',
    body: asRows,
  };
}

/** The same, asked by the Open Inference Protocol with one tensor, as MLServer is. */
export const byTensor = (program: ServerProgram): ServerProgram => ({
  ...program,
  name: `${program.name}, one tensor`,
  path: '/v2/models/iris/infer',
  body: asTensor,
});

/** node:http and onnxruntime-node with nothing between. */
export function bareProgram(model: string): ServerProgram {
  return {
    name: 'bare node:http',
    command: process.execPath,
    args: (port) => [join(peers, 'bare-server.ts'), model, `${port}`],
    path: '/',
    body: asRows,
  };
}

/** FastAPI, BentoML, MLServer and MLflow, each as its own documentation starts it, with one process that answers. */
export function peerPrograms(model: string, work: string, say: (line: string) => void): ServerProgram[] {
  const bin = Object.fromEntries(
    ['fastapi', 'bentoml', 'mlserver', 'mlflow'].map((name) => [
      name,
      environmentOf(join(peers, `requirements-${name}.txt`), say),
    ]),
  );
  const environment = { EVERGREEN_BENCH_MODEL: model, PYTHONPATH: peers, PYTHONDONTWRITEBYTECODE: '1' };
  const saved = join(work, 'mlflow');
  execFileSync(join(bin.mlflow ?? '', 'python'), [join(peers, 'mlflow_save.py'), model, saved], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return [
    {
      name: 'FastAPI',
      command: join(bin.fastapi ?? '', 'uvicorn'),
      args: (port) => [
        'fastapi_server:app',
        '--port',
        `${port}`,
        '--no-access-log',
        '--log-level',
        'warning',
      ],
      environment,
      path: '/predict',
      body: asRows,
    },
    {
      name: 'BentoML',
      command: join(bin.bentoml ?? '', 'bentoml'),
      args: (port) => ['serve', 'bentoml_service:Iris', '--host', '127.0.0.1', '--port', `${port}`],
      cwd: peers,
      environment: { ...environment, BENTOML_DO_NOT_TRACK: 'true', BENTOML_HOME: join(work, 'bentoml') },
      path: '/predict',
      body: asRows,
    },
    {
      name: 'MLServer',
      command: join(bin.mlserver ?? '', 'mlserver'),
      args: (port) => ['start', mlserverFolder(work, port)],
      environment,
      path: '/v2/models/iris/infer',
      body: asTensor,
    },
    {
      name: 'MLflow',
      command: join(bin.mlflow ?? '', 'mlflow'),
      args: (port) => [
        ...['models', 'serve', '--model-uri', saved, '--env-manager', 'local', '--workers', '1'],
        ...['--host', '127.0.0.1', '--port', `${port}`],
      ],
      environment: { PATH: `${bin.mlflow}:${process.env.PATH}` },
      path: '/invocations',
      body: asFrame,
    },
  ];
}

/** Without worker processes, with which it is slower on two cores. */
function mlserverFolder(work: string, port: number): string {
  const folder = join(work, 'mlserver');
  mkdirSync(folder, { recursive: true });
  const settings = {
    host: '127.0.0.1',
    http_port: port,
    grpc_port: port + 1,
    metrics_port: port + 2,
    parallel_workers: 0,
    debug: false,
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  const model = { name: 'iris', implementation: 'mlserver_runtime.Iris' };
  writeFileSync(join(folder, 'model-settings.json'), JSON.stringify(model));
  return folder;
}
