import { type Html, html, raw } from '../../data/report/report-html.ts';
import { isErrorMetric } from '../../model/metric-names.ts';
import { fact, facts, listed, moneyText, secondsText, tableOf } from './card-parts.ts';
import { rowsText } from './held-out-text.ts';
import type { ModelCard } from './model-card.ts';
import { short } from './plot.ts';

type Feature = ModelCard['data']['features'][number]['feature'];

/** What a value must be, so that the model answers it. */
function limitsOf(feature: Feature): string {
  const parts: string[] = [];
  const { min, max } = { min: undefined, max: undefined, ...feature };
  if (min !== undefined && max !== undefined) parts.push(`from ${min} to ${max}`);
  else if (min !== undefined) parts.push(`at least ${min}`);
  else if (max !== undefined) parts.push(`at most ${max}`);
  if (feature.type === 'category') parts.push(listed(feature.categories));
  if (feature.type === 'text') parts.push(`at most ${feature.maxLength} characters`);
  if (feature.mayBeMissing) parts.push('may be missing');
  return parts.length === 0 ? 'any' : parts.join('; ');
}

export function renderData({ data, evaluation }: ModelCard): Html {
  const { features, target } = data;
  const table = tableOf(
    [{ name: 'Feature' }, { name: 'Type' }, { name: 'What it takes' }, { name: 'Personal data' }],
    features.map(({ name, feature }) => [
      html`${name}${feature.description === undefined ? raw('') : html`<small>${feature.description}</small>`}`,
      'unit' in feature && feature.unit !== undefined ? `${feature.type}, ${feature.unit}` : feature.type,
      limitsOf(feature),
      feature.personalData,
    ]),
  );
  const answer = evaluation.classes === null ? 'a number' : `one of ${listed(evaluation.classes)}`;
  return html`<section><h2>Data</h2>${facts([
    fact('Dataset', data.datasetId),
    fact('Its manifest', data.datasetManifestKey),
    fact('Rows', rowsText(data)),
    fact('Predicts', `${target.name}: ${answer}`),
  ])}<h3>What it is asked with</h3>${table}</section>`;
}

export function renderLimits({ limits }: ModelCard): Html {
  const { metrics, liveQuality, driftPsi, drift, captured, errorShare, p99LatencyMs } = limits;
  const ofMetrics = Object.entries(metrics).map(
    ([name, limit]) => `${name} ${isErrorMetric(name) ? 'at most' : 'at least'} ${limit}`,
  );
  const { metric = '', limit = 0 } = liveQuality ?? {};
  const quality = `${metric} ${isErrorMetric(metric) ? 'at most' : 'at least'} ${limit}`;
  return html`<section><h2>Limits it is held to</h2>${facts([
    fact('To be registered', ofMetrics.length === 0 ? null : ofMetrics.join(', ')),
    fact('Live answers', liveQuality === null ? null : quality),
    fact(
      'Live inputs',
      `of each feature PSI below ${driftPsi}, KS distance below ${drift.distance}, shares within ${short(drift.share * 100)} points, missing within ${short(drift.missing * 100)}`,
    ),
    fact('Watched', `${short(captured * 100)} % of the predictions`),
    fact('Requests', `at most ${short(errorShare * 100)} % fail, 99 % within ${p99LatencyMs} ms`),
  ])}</section>`;
}

const written = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

export function renderTraining({ training, cost }: ModelCard): Html {
  const settings = Object.entries(training.hyperparameters).map(
    ([name, value]) => `${name} ${written(value)}`,
  );
  const { search, federation } = training;
  const parties = federation?.parties.map(({ name, rows }) => `${name} with ${rows} rows`).join(', ');
  const found = search
    ? `${search.strategy} search over ${cost.trials ?? 0} trials, best ${search.metric} ${search.best === null ? 'not known' : short(search.best)}`
    : 'no search';
  const price = cost.pricePerHour === null ? null : `${cost.pricePerHour} for an hour of one instance`;
  const machines = `${cost.instances} × ${cost.instanceType}`;
  return html`<section><h2>Training and its cost</h2>${facts([
    fact('Algorithm', training.algorithm),
    fact('Program', training.program),
    fact('Hyperparameters', settings.length === 0 ? 'none' : settings.join(', ')),
    fact('Seed', training.seed),
    fact('Tuning', found),
    ...(federation
      ? [fact('Parties', `${parties}; their weights were averaged in ${federation.rounds} rounds`)]
      : []),
    fact(
      'Time',
      `${secondsText(cost.trainingSeconds)} on ${machines}${cost.trials === null ? '' : ', all trials together'}${federation ? ", without the parties' jobs" : ''}`,
    ),
    fact('Price', price),
    fact('Cost', cost.money === null ? null : moneyText(cost.money)),
    fact(
      'Libraries',
      Object.entries(training.libraries)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ),
  ])}</section>`;
}

export function renderOrigin({ lineage, digests, author, createdAt }: ModelCard): Html {
  const { continuedFrom, parentVersion } = lineage;
  return html`<section><h2>Where this comes from</h2>${facts([
    fact('Made', `${createdAt} by ${author}`),
    fact('Run', lineage.runId),
    fact('Training job', lineage.trainingJobName),
    fact('Compared with', parentVersion === null ? 'no champion' : `version ${parentVersion}`),
    fact(
      'Learned on from',
      continuedFrom === null ? 'no version' : `version ${continuedFrom.version} (${continuedFrom.mode})`,
    ),
    fact('Package', lineage.packagePrefix),
    fact('Model digest', digests.model),
    fact('Package digest', digests.package),
    fact('Definition digest', digests.definition),
    fact('Code digest', digests.code),
  ])}</section>`;
}
