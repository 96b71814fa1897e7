import { Command, Option } from 'commander';
import { count, examples, groups, type On, type Run, version, wholeNumber } from './command-parts.ts';
import type { DriftOptions } from './commands/drift.ts';
import type { DriftFilesOptions } from './commands/drift-files.ts';
import type { FeedbackOptions } from './commands/feedback.ts';
import type { PredictOptions } from './commands/predict.ts';
import type { StartOptions } from './commands/start.ts';
import type { UpOptions } from './commands/up.ts';
import type { UploadOptions } from './commands/upload.ts';
import type { GlobalOptions } from './context.ts';
import { addData } from './data-commands.ts';
import { addModels } from './model-commands.ts';
import { addServing } from './serving-commands.ts';

export type Execute = (options: GlobalOptions, run: Run) => Promise<void>;

const port = wholeNumber(1, 65_535);
const rowNumber = wholeNumber(0, 100_000);
const seconds = wholeNumber(1, 604_800);

function rootCommand(): Command {
  return new Command('evergreen')
    .description(
      'Keeps a model in production right: upload, validate, train, evaluate, roll out, watch, repair.',
    )
    .option('--json', 'print one JSON document; progress goes to the error output')
    .addOption(
      new Option(
        '--target <target>',
        'where to work (default: local when .evergreen/ has an engine, else aws)',
      )
        .choices(['local', 'aws'])
        .env('EVERGREEN_TARGET'),
    )
    .option('--stage <stage>', 'stage of the stack Evergreen-<stage> (default: the name of the target)')
    .option('--region <region>', 'AWS region, for --target aws')
    .option('--profile <profile>', 'AWS profile, for --target aws')
    .option('-y, --yes', 'answer every question with yes')
    .helpCommand('help [command]', 'show help of a command')
    .showSuggestionAfterError();
}

const aRow = `--row '{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}'`;

/** The command line: what there is, and which code runs for it. Code is loaded when its command is used. */
export function buildProgram(execute: Execute): Command {
  const program = rootCommand();
  /** Ties a command to its code; `run` gets the command's arguments, then its options. */
  const on = <Args extends unknown[]>(command: Command, run: (...args: Args) => Run): Command =>
    command.action((...all: unknown[]) =>
      // The parser hands over arguments, options and the command itself, in this order.
      execute(program.opts<GlobalOptions>(), run(...(all.slice(0, -1) as Args))),
    );
  addLocal(program, on);
  addLoop(program, on);
  addData(program, on);
  addModels(program, on);
  addServing(program, on);
  addWatching(program, on);
  prepare(program);
  return program;
}

/** Every command throws instead of ending the process, and leaves the showing of errors to one place. */
function prepare(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => {} });
  for (const child of command.commands) prepare(child);
}

const withDeployment = (command: Command): Command =>
  command
    .option('--models <folder>', 'folder with the model folders to deploy (default: models/)')
    .option('--bake <seconds>', 'bake time of every canary, in place of the one each model names', seconds)
    .option('--force', 'deploy even when nothing changed');

const withEngine = (command: Command): Command =>
  withDeployment(
    command
      .option('--port <port>', 'port on 127.0.0.1 (default: that of the last start, at first 4566)', port)
      .option('--auth', 'check every request against IAM policies')
      .option('--no-auth', 'check nothing'),
  );

function addLocal(program: Command, on: On): void {
  const command = (text: string) => program.command(text).helpGroup(groups.local);
  on(
    withEngine(command('start'))
      .description('from nothing to a served model: engine, deployment, first data, first prediction')
      .option('--exit', 'stop everything at the end instead of staying up')
      .addHelpText('after', examples('start', 'start --exit --json')),
    (options: StartOptions) => async (context) =>
      (await import('./commands/start.ts')).start(context, options),
  );
  on(
    withEngine(command('up'))
      .description('start the local engine and deploy what changed')
      .option('--no-deploy', 'start the engine only')
      .addHelpText('after', examples('up', 'up --port 4600 --bake 5', 'up --auth', 'up --models examples')),
    (options: UpOptions) => async (context) => (await import('./commands/up.ts')).up(context, options),
  );
  on(
    command('down').description('stop the local engine; its state is kept'),
    () => async (context) => (await import('./commands/up.ts')).down(context),
  );
}

function addLoop(program: Command, on: On): void {
  const command = (text: string) => program.command(text).helpGroup(groups.loop);
  on(
    withDeployment(command('deploy'))
      .description('deploy to the target: to the local engine, or to an AWS account')
      .addHelpText('after', examples('deploy', 'deploy --target aws --profile prod --region eu-central-1')),
    (options: UpOptions) => async (context) =>
      (await import('./commands/deploy.ts')).deploy(context, options),
  );
  on(
    command('upload')
      .description('upload data for a model (CSV, Parquet, JSON lines), which begins a run')
      .argument('<model>')
      .argument(
        '<file...>',
        'a file, several, a folder or a manifest: many files are one upload, and begin one run',
      )
      .option('--wait', 'show the run until it ends; exit 5 when it did not lead to a served version')
      .option('--force', 'upload although the same bytes are there; a new run begins')
      .option('--party <party>', 'rows of a party that trains with others; no run begins')
      .addHelpText('after', examples('upload iris models/iris/data/iris.csv --wait', 'upload iris june/')),
    (model: string, files: string[], options: UploadOptions) => async (context) =>
      (await import('./commands/upload.ts')).upload(context, model, files, options),
  );

  const runs = command('runs').description('what became of uploads and retrainings');
  on(
    runs
      .command('list')
      .description('runs, newest first')
      .option('--model <model>', 'of this model only')
      .option('--limit <n>', 'at most so many (default: 20)', count),
    (options: { model?: string; limit?: number }) => async (context) =>
      (await import('./commands/runs.ts')).listRuns(context, options),
  );
  on(
    runs
      .command('show')
      .description('one run: what happened, why, and how long each state took')
      .argument('<id>'),
    (id: string) => async (context) => (await import('./commands/runs.ts')).showRun(context, id),
  );
  on(
    runs
      .command('watch')
      .description('follow a run to its end, with the log of its training')
      .argument('<id>'),
    (id: string) => async (context) => (await import('./commands/runs.ts')).watchRun(context, id),
  );

  on(
    command('predict')
      .description('ask a model over its HTTP API, or for the answers to a whole file')
      .argument('<model>')
      .option('--row <json>', 'one row as a JSON object')
      .option('--file <path>', 'rows of a .csv, .jsonl, .json or .parquet file')
      .option('--batch', 'answer the file part by part on the platform, as Parquet (above 1 MiB: always)')
      .option(
        '--output <path>',
        'where the Parquet goes (default: beside the file, as <name>.predictions.parquet)',
      )
      .option('--version <n>', 'version that answers the batch (default: the champion)', version)
      .option('--no-wait', 'begin the batch and come back later with the same command')
      .addHelpText(
        'after',
        examples(
          `predict iris ${aRow}`,
          'predict iris --file rows.csv --json',
          'predict iris --file big.parquet --output answers.parquet',
        ),
      ),
    (model: string, options: PredictOptions) => async (context) =>
      (await import('./commands/predict.ts')).predict(context, model, options),
  );
  on(
    command('explain')
      .description('say what each feature contributed to an answer of the champion')
      .argument('<model>')
      .requiredOption('--row <json>', 'one row as a JSON object, or an array of at most ten')
      .addHelpText('after', examples(`explain iris ${aRow}`)),
    (model: string, options: { row: string }) => async (context) =>
      (await import('./commands/explain.ts')).explain(context, model, options),
  );
  on(
    command('feedback')
      .description('say what turned out to be true of a prediction')
      .argument('[predictionId]')
      .option('--label <label>', 'the true answer')
      .addOption(
        new Option('--thumb <thumb>', 'whether you are content with the answer').choices(['up', 'down']),
      )
      .option('--row <n>', 'row of the prediction, counted from 0 (default: 0)', rowNumber)
      .option('--model <model>', 'the model asked; needed only when several are deployed')
      .option('--file <path>', 'many at once: .csv, .jsonl or .json with predictionId, row, label, thumb')
      .addHelpText('after', examples('feedback 0199… --label virginica', 'feedback --file labels.csv')),
    (id: string | undefined, options: FeedbackOptions) => async (context) =>
      (await import('./commands/feedback.ts')).feedback(context, id, options),
  );
}

/** Files need no deployment, and so none of the code that asks one. */
const isOfFiles = ({ reference, current, models, saveProfile }: DriftFilesOptions) =>
  [reference, current, models, saveProfile].some((given) => given !== undefined);

function addWatching(program: Command, on: On): void {
  const command = (text: string) => program.command(text).helpGroup(groups.watch);
  on(
    command('status').description('engine, stack, what is live, last runs, raised alarms'),
    () => async (context) => (await import('./commands/status.ts')).status(context),
  );
  on(
    command('drift')
      .description(
        'how live rows and answers compare with the data the model was trained on; or two files, exit 5 when they differ',
      )
      .argument('<model>')
      .option('--now', 'measure now instead of showing the last measurement')
      .option('--page <file>', 'write the page with the pictures: distributions then and now, the hours')
      .option('--prometheus <file>', 'write the figures for Prometheus, as docs/metrics.md names them')
      .addOption(
        new Option(
          '--reference <file>',
          'compare --current with these rows, or with a profile.json',
        ).conflicts(['now', 'page', 'prometheus']),
      )
      .addOption(
        new Option('--current <file>', 'rows to compare, on this machine').conflicts([
          'now',
          'page',
          'prometheus',
        ]),
      )
      .option('--models <folder>', 'folder with the model folders, for files (default: models/)')
      .option('--save-profile <file>', 'keep the counts of --reference, to compare with them again')
      .addHelpText(
        'after',
        examples(
          'drift iris --now',
          'drift iris --page drift.html',
          'drift iris --reference train.parquet --current june.parquet',
        ),
      ),
    (model: string, options: DriftOptions & DriftFilesOptions) => async (context) =>
      isOfFiles(options)
        ? (await import('./commands/drift-files.ts')).driftFiles(context, model, options)
        : (await import('./commands/drift.ts')).drift(context, model, options),
  );
  on(
    command('doctor')
      .description('look for what does not fit together: set-up, engine, stack, registry, packages')
      .option('--fix', 'remove packages and candidates that an interrupted run left behind'),
    (options: { fix?: boolean }) => async (context) =>
      (await import('./commands/doctor.ts')).doctor(context, options),
  );
}
