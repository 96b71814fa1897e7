import type { Command } from 'commander';
import { epsilon, examples, groups, type On } from './command-parts.ts';
import type { DataCheckOptions } from './commands/data-check.ts';
import type { DataDestroyOptions } from './commands/data-destroy.ts';
import type { DataEraseOptions } from './commands/data-erase.ts';
import type { DataExportOptions } from './commands/data-export.ts';
import type { DataImportOptions } from './commands/data-import.ts';
import type { DataPublishOptions } from './commands/data-publish.ts';

/** The commands about data, before it is uploaded and after. */
export function addData(program: Command, on: On): void {
  const data = program
    .command('data')
    .helpGroup(groups.loop)
    .description('what the gate says of a file; datasets, where they come from, and how they go')
    .addHelpText(
      'after',
      examples(
        'data check iris my-flowers.csv',
        'data list iris',
        'data lineage iris ds-3f0c…',
        'data erase loans --subject 4711 --dry-run',
      ),
    );
  on(
    data
      .command('check')
      .description('check what would be uploaded as the gate would; exit 5 when it would be rejected')
      .argument('<model>')
      .argument(
        '<path...>',
        'a file, or what would be one upload: several files, a folder, a pattern, a manifest',
      )
      .option('--models <folder>', 'folder with the model folders (default: models/)')
      .option('--out <folder>', 'where the report goes (default: <model>-data-report/)')
      .option('--against <file>', 'profile.json of a dataset to compare with (default: nothing is compared)')
      .addHelpText(
        'after',
        examples('data check iris my-flowers.csv', 'data check iris june/ --out reports/june --json'),
      ),
    (model: string, paths: string[], options: DataCheckOptions) => async (context) =>
      (await import('./commands/data-check.ts')).dataCheck(context, model, paths, options),
  );
  on(
    program
      .command('compliance')
      .helpGroup(groups.watch)
      .description('clause by clause (GDPR, CCPA) what is on and off in the deployed stack'),
    () => async (context) => (await import('./commands/compliance.ts')).compliance(context),
  );
  addVersions(data, on);
  addMoving(data, on);
  addPublishing(data, on);
  addRemoval(data, on);
}

function addVersions(data: Command, on: On): void {
  const load = () => import('./commands/data-versions.ts');
  on(
    data.command('list').description('datasets of a model, newest first').argument('<model>'),
    (model: string) => async (context) => (await load()).listData(context, model),
  );
  on(
    data
      .command('show')
      .description('one dataset: source, parents, rows, hashes (default: the newest)')
      .argument('<model>')
      .argument('[dataset]', 'its id, as ds-…'),
    (model: string, id: string | undefined) => async (context) => (await load()).showData(context, model, id),
  );
  on(
    data
      .command('diff')
      .description('what differs between two datasets')
      .argument('<model>')
      .argument('<before>')
      .argument('<after>'),
    (model: string, before: string, after: string) => async (context) =>
      (await load()).diffData(context, model, before, after),
  );
  on(
    data
      .command('lineage')
      .description('what a dataset was made from, and what was trained on it (default: the newest)')
      .argument('<model>')
      .argument('[dataset]', 'its id, as ds-…'),
    (model: string, id: string | undefined) => async (context) =>
      (await load()).showLineage(context, model, id),
  );
}

function addMoving(data: Command, on: On): void {
  on(
    data
      .command('export')
      .description('write datasets, with what they were made from and the versions that learned from them')
      .argument('<model>')
      .argument('[dataset...]', 'their ids, as ds-…')
      .requiredOption('--to <place>', 'a new folder, or a file that ends with .tar, .tar.gz or .tgz')
      .option('--all', 'all datasets of the model')
      .addHelpText(
        'after',
        examples('data export iris ds-3f0c… --to iris.tar.gz', 'data export iris --all --to moved/iris'),
      ),
    (model: string, ids: string[], options: DataExportOptions) => async (context) =>
      (await import('./commands/data-export.ts')).dataExport(context, model, ids, options),
  );
  on(
    data
      .command('import')
      .description('take in what export wrote; every object is held against its hash, nothing goes live')
      .argument('<place>', 'the folder or file')
      .option('--sha256 <digest>', 'what export printed: proves that the manifest is the one it wrote')
      .addHelpText('after', examples('data import iris.tar.gz --sha256 9f2c…')),
    (place: string, options: DataImportOptions) => async (context) =>
      (await import('./commands/data-import.ts')).dataImport(context, place, options),
  );
}

function addPublishing(data: Command, on: On): void {
  on(
    data
      .command('publish')
      .description('counts of a dataset with noise, differentially private, for others to read')
      .argument('<model>')
      .argument('[dataset]', 'its id, as ds-… (default: the newest)')
      .requiredOption('--epsilon <number>', 'what may be spent: the less, the more noise', epsilon)
      .option('--out <file>', 'where the JSON document goes')
      .addHelpText('after', examples('data publish loans --epsilon 0.5 --out loans.json')),
    (model: string, id: string | undefined, options: DataPublishOptions) => async (context) =>
      (await import('./commands/data-publish.ts')).dataPublish(context, model, id, options),
  );
}

function addRemoval(data: Command, on: On): void {
  on(
    data
      .command('erase')
      .description('remove the rows of a person from everything that was kept of a model')
      .argument('<model>')
      .requiredOption('--subject <id>', 'value of the column that says whom a row is about')
      .option('--dry-run', 'only say what would be removed')
      .option('--retrain', 'train on what is left when the champion had learned from the rows')
      .addHelpText(
        'after',
        examples('data erase loans --subject 4711 --dry-run', 'data erase loans --subject 4711'),
      ),
    (model: string, options: DataEraseOptions) => async (context) =>
      (await import('./commands/data-erase.ts')).dataErase(context, model, options),
  );
  on(
    data
      .command('destroy')
      .description('destroy a dataset and its upload in every version, with a certificate in the log')
      .argument('<model>')
      .argument('[dataset]', 'its id, as ds-…')
      .option('--why <text>', 'the reason, for the log')
      .option('--expired', 'all that are kept longer than data.retention of their definition says')
      .addHelpText(
        'after',
        examples('data destroy loans ds-3f0c… --why "contract ended"', 'data destroy loans --expired --yes'),
      ),
    (model: string, id: string | undefined, options: DataDestroyOptions) => async (context) =>
      (await import('./commands/data-destroy.ts')).dataDestroy(context, model, id, options),
  );
}
