import type { Command } from 'commander';
import { count, examples, groups, type On, version } from './command-parts.ts';

/** The commands about versions. */
export function addModels(program: Command, on: On): void {
  const models = program
    .command('models')
    .helpGroup(groups.models)
    .description('versions, what is live, and who changed it')
    .addHelpText(
      'after',
      examples(
        'models list iris',
        'models show iris 3',
        'models diff iris 2 3',
        'models card iris 3 --out cards/iris-3',
        'models rollback iris --why "complaints from the shop"',
        'models log iris --at 2026-05-01T12:00:00Z',
      ),
    );
  type Why = { why: string };
  const load = () => import('./commands/models.ts');
  const loadVersions = () => import('./commands/versions.ts');
  on(
    models
      .command('list')
      .description('what is live of each model, or all versions of one')
      .argument('[model]'),
    (model: string | undefined) => async (context) => (await load()).listModels(context, model),
  );
  on(
    models
      .command('show')
      .description('one version: figures, settings, cost, lineage (default: the champion)')
      .argument('<model>')
      .argument('[version]', 'its number', version),
    (model: string, number: number | undefined) => async (context) =>
      (await loadVersions()).showModel(context, model, number),
  );
  on(
    models
      .command('diff')
      .description('what differs between two versions: definition, settings, data, code, figures, cost')
      .argument('<model>')
      .argument('<a>', 'number of the one', version)
      .argument('<b>', 'number of the other', version)
      .addHelpText('after', examples('models diff iris 2 3')),
    (model: string, a: number, b: number) => async (context) =>
      (await loadVersions()).diffModels(context, model, a, b),
  );
  on(
    models
      .command('card')
      .description('write the model card of a version: a page, JSON and a bill of materials')
      .argument('<model>')
      .argument('[version]', 'its number (default: the champion)', version)
      .option('--out <folder>', 'where to (default: <model>-<version>-card/)')
      .addHelpText('after', examples('models card iris', 'models card iris 3 --out cards/iris-3')),
    (model: string, number: number | undefined, options: { out?: string }) => async (context) =>
      (await loadVersions()).writeCard(context, model, number, options),
  );
  on(
    models
      .command('promote')
      .description('make a version the champion, at once and without a canary')
      .argument('<model>')
      .argument('<version>', 'its number', version)
      .requiredOption('--why <reason>', 'kept in the promotion log'),
    (model: string, number: number, { why }: Why) =>
      async (context) =>
        (await load()).promote(context, model, number, { why }),
  );
  on(
    models
      .command('rollback')
      .description('go back to the champion before this one')
      .argument('<model>')
      .option('--to <version>', 'to this version instead', version)
      .requiredOption('--why <reason>', 'kept in the promotion log'),
    (model: string, options: Why & { to?: number }) => async (context) =>
      (await load()).rollBack(context, model, options),
  );
  for (const decision of ['approve', 'reject'] as const) {
    on(
      models
        .command(decision)
        .description(decision === 'approve' ? 'let a waiting run roll its version out' : 'end a waiting run')
        .argument('<runId>')
        .requiredOption('--why <reason>', 'kept with the run'),
      (runId: string, { why }: Why) =>
        async (context) =>
          (await load()).decide(context, runId, decision, { why }),
    );
  }
  on(
    models
      .command('log')
      .description('every change of what is live, newest first; with --at who was champion then')
      .argument('<model>')
      .option('--at <time>', 'such as 2026-05-01T12:00:00Z')
      .option('--limit <n>', 'at most so many lines (default: 50)', count),
    (model: string, options: { at?: string; limit?: number }) => async (context) =>
      (await load()).showLog(context, model, options),
  );
}
