import { bytesText } from '../registry/card/card-parts.ts';
import type { Difference, VersionDiff } from '../registry/card/diff-versions.ts';
import { rowsText } from '../registry/card/held-out-text.ts';
import type { ModelCard, VersionCost } from '../registry/card/model-card.ts';
import type { ModelVersion } from '../registry/registry.ts';
import { type Block, type CellValue, fields, lines, table } from './outcome.ts';

const digits = (value: number) => Number(value.toPrecision(6));

const written = (value: unknown): CellValue =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : JSON.stringify(value);

export function costText({ trainingSeconds, trials, instances, instanceType, money }: VersionCost): string {
  const time = `${digits(trainingSeconds)} s of training on ${instances} × ${instanceType}`;
  const counted = trials === null ? '' : ` in ${trials} trials`;
  const price = money === null ? 'no price given' : String(digits(money));
  return `${price} (${time}${counted})`;
}

function parentText(version: ModelVersion, card: ModelCard | null): string {
  const { parentVersion } = version.lineage;
  const compared = parentVersion === null ? 'none' : `version ${parentVersion}, the champion before`;
  const from = card?.lineage.continuedFrom;
  return from ? `${compared}; learned on from version ${from.version} (${from.mode})` : compared;
}

function trainingFields({ training, data, cost }: ModelCard): [string, CellValue][] {
  const settings = Object.entries(training.hyperparameters).map(
    ([name, value]) => `${name} ${written(value)}`,
  );
  return [
    ['rows', rowsText(data)],
    ['algorithm', training.algorithm],
    ['hyperparameters', settings.length === 0 ? 'none' : settings.join(', ')],
    ['seed', training.seed],
    ['cost', costText(cost)],
  ];
}

/** Which file is served, and what 8-bit weights cost; nothing where the definition asks for none. */
function weightsFields({ evaluation }: ModelCard): [string, CellValue][] {
  const { quantisation } = evaluation;
  if (quantisation === null) return [];
  const { kind, verdict, full, quantised, metric, loss, interval, reason } = quantisation;
  const weights: [string, CellValue] = ['weights', verdict === 'served' ? kind : `full: ${reason}`];
  if (quantised === null) return [weights];
  const within = interval ? ` (95 % interval ${digits(interval.low)} to ${digits(interval.high)})` : '';
  return [
    weights,
    ['file size', `${bytesText(quantised.bytes)} with ${kind} weights, ${bytesText(full.bytes)} without`],
    [`loss of ${metric}`, loss === null ? 'not measured' : `${digits(loss)}${within}`],
  ];
}

function importedFields({ importedFrom }: ModelVersion): [string, CellValue][] {
  if (!importedFrom) return [];
  const { version, stack, region, account } = importedFrom;
  return [['imported from', `version ${version} of ${stack} in ${region}, account ${account}`]];
}

export function versionView(
  version: ModelVersion,
  about: { role: string | null; card: ModelCard | null; reason: string | null; storedCard: string | null },
): Block[] {
  const { model, lineage } = version;
  const { card, reason, role, storedCard } = about;
  const intervals = card?.evaluation.intervals ?? {};
  const metrics = Object.entries(card?.evaluation.metrics ?? version.metrics);
  const interval = (name: string) => {
    const found = intervals[name];
    return found ? `${digits(found.low)} to ${digits(found.high)}` : null;
  };
  return [
    fields(
      ['model', model],
      ['version', version.version],
      ['role', role],
      ['made', `${version.createdAt} by ${version.author}`],
      ...importedFields(version),
      ['run', lineage.runId],
      ['parents', parentText(version, card)],
      ['dataset', lineage.datasetId],
      ...(card ? [...trainingFields(card), ...weightsFields(card)] : []),
      ['training job', lineage.trainingJobName],
      ['package', version.packagePrefix],
      ['model digest', version.modelDigest],
      ['package digest', version.packageDigest],
      ['definition digest', lineage.definitionDigest],
      ['code digest', lineage.codeDigest],
      ['card', storedCard ?? 'none was kept'],
    ),
    table(
      ['metric', 'value', '95 % interval'],
      metrics.map(([name, value]) => [name, value === null ? null : digits(value), interval(name)]),
    ),
    lines(
      reason === null
        ? `its card as files: npx evergreen models card ${model} ${version.version}`
        : `its package cannot be read, so settings, intervals and cost are not known: ${reason}`,
    ),
  ];
}

/** Nobody compares whole digests, or the last digits of a number, by eye. */
function shorten(value: unknown): CellValue {
  if (typeof value === 'number') return digits(value);
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
    ? `${value.slice(0, 12)}…`
    : written(value);
}

function differencesBlock(title: string, differences: readonly Difference[], a: string, b: string): Block {
  if (differences.length === 0) return lines(`${title}: the same`);
  return table(
    [title, a, b],
    differences.map((each) => [each.field, shorten(each.a), shorten(each.b)]),
  );
}

export function diffView(diff: VersionDiff): Block[] {
  const [a, b] = [`version ${diff.a}`, `version ${diff.b}`];
  const block = (title: string, differences: readonly Difference[]) =>
    differencesBlock(title, differences, a, b);
  return [
    lines(
      `${diff.model}: ${a} and ${b} ${diff.isSameModel ? 'are the same model, byte for byte' : 'are different models'}`,
    ),
    block('definition', diff.definition),
    block('training', diff.hyperparameters),
    block('dataset', diff.dataset),
    block('code', diff.code),
    block('libraries', diff.libraries),
    table(
      ['metric', a, b, 'difference', `${b} is`],
      diff.metrics.map(({ metric, a: before, b: after, difference, direction }) => [
        metric,
        before === null ? null : digits(before),
        after === null ? null : digits(after),
        difference === null ? null : digits(difference),
        direction,
      ]),
    ),
    ...(diff.isSameDataset ? [] : [lines('their datasets differ: these figures are of other held-out rows')]),
    block('cost', diff.cost),
  ];
}
