import { type Command, Option } from 'commander';
import type { ServeOptions } from '../server/serve-options.ts';
import { count, examples, groups, type On, version, wholeNumber } from './command-parts.ts';
import type { ExportOptions } from './commands/export.ts';
import { platforms } from './edge-platforms.ts';

/** Serving without AWS: from this machine, or from a folder carried to another. */
export function addServing(program: Command, on: On): void {
  on(
    program
      .command('serve')
      .helpGroup(groups.local)
      .description('answer predictions from this machine: of the deployed registry, or of an export')
      .option('--models <place>', 'folder or s3://bucket/prefix that `export` wrote (default: the registry)')
      .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
      .option('--port <port>', 'port to listen on, 0 for any (default: 8080)', wholeNumber(0, 65_535))
      .option('--workers <n>', 'processes that answer (default: one for each core)', wholeNumber(1, 64))
      .option('--keys <file>', 'keys to let in, one a line; callers send x-api-key')
      .option('--open', 'let everybody in, also when other machines can reach the address')
      .option('--tls-cert <file>', 'certificate in PEM, with --tls-key')
      .option('--tls-key <file>', 'its private key in PEM')
      .option('--trust <file>', 'public key whose signatures count (default: the one in the export)')
      .option('--capture <folder>', 'keep predictions there as JSON lines (default: nothing is kept)')
      .option('--most-in-flight <n>', 'requests that may wait in a process (default: 512)', count)
      .option(
        '--memory-budget <MiB>',
        'memory that the loaded models may take, all processes together; the least recently asked go first (default: 60 % of what the container or machine has beyond 200 MiB for each process)',
        wholeNumber(16, 1_048_576),
      )
      .addHelpText(
        'after',
        examples(
          'serve',
          'serve --models exported --port 9000',
          'serve --models s3://models/edge --workers 4',
        ),
      ),
    (options: ServeOptions) => async (context) =>
      (await import('./commands/serve.ts')).serve(context, options),
  );
  on(
    program
      .command('export')
      .helpGroup(groups.models)
      .description('write a version, signed: one archive with a runner, or a folder for `serve --models`')
      .argument('<model>')
      .argument('[version]', 'its number (default: the champion)', version)
      .option('--version <n>', 'the same', version)
      .addOption(
        new Option(
          '--platform <platform>',
          'machine that the archive is for (default: Linux on this one)',
        ).choices([...platforms]),
      )
      .option(
        '--out, --output <place>',
        'file that ends with .tar.gz, or a folder, in which other models stay (default: <model>-<version>-<platform>.tar.gz)',
      )
      .addHelpText(
        'after',
        examples(
          'export iris',
          'export iris 3 --platform linux-arm64 --output iris.tar.gz',
          'export iris --out exported',
        ),
      ),
    (model: string, number: number | undefined, options: ExportOptions) => async (context) =>
      (await import('./commands/export.ts')).exportModel(context, model, number, options),
  );
}
