import type { Command } from 'commander';
import { examples, groups, type On } from './command-parts.ts';
import type { DataCheckOptions } from './commands/data-check.ts';

/** The commands about data, before it is uploaded and after. */
export function addData(program: Command, on: On): void {
  const data = program
    .command('data')
    .helpGroup(groups.loop)
    .description('what the gate says of a file')
    .addHelpText('after', examples('data check iris my-flowers.csv'));
  on(
    data
      .command('check')
      .description('check a file as the gate would, without uploading it; exit 5 when it would be rejected')
      .argument('<model>')
      .argument('<file>')
      .option('--models <folder>', 'folder with the model folders (default: models/)')
      .option('--out <folder>', 'where the report goes (default: <model>-data-report/)')
      .option('--against <file>', 'profile.json of a dataset to compare with (default: nothing is compared)')
      .addHelpText(
        'after',
        examples('data check iris my-flowers.csv', 'data check iris my-flowers.csv --out reports/may --json'),
      ),
    (model: string, file: string, options: DataCheckOptions) => async (context) =>
      (await import('./commands/data-check.ts')).dataCheck(context, model, file, options),
  );
}
