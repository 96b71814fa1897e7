import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { Feature } from '../model/features.ts';
import type { ModelVersion } from '../registry/registry.ts';

function exampleOf(feature: Feature): Row[string] {
  switch (feature.type) {
    case 'number':
    case 'integer': {
      const { min, max } = feature;
      const middle = min !== undefined && max !== undefined ? (min + max) / 2 : (min ?? max ?? 1);
      return feature.type === 'integer' ? Math.ceil(middle) : middle;
    }
    case 'boolean':
      return true;
    case 'category':
      return feature.categories[0] ?? null;
    case 'text':
      return 'text';
  }
}

/** A row that fits the definition; it is nobody's. */
export const exampleRow = ({ features }: ModelDefinition): Row =>
  Object.fromEntries(Object.entries(features).map(([name, feature]) => [name, exampleOf(feature)]));

export interface EdgeReadmeParts {
  version: ModelVersion;
  definition: ModelDefinition;
  platform: string;
  /** SHA-256 of the signing key in PEM. */
  signedBy: string;
}

/** The page that lies in an archive. */
export function edgeReadme({ version: registered, definition, platform, signedBy }: EdgeReadmeParts): string {
  const { model, version, packageDigest } = registered;
  const row = JSON.stringify(exampleRow(definition)).replaceAll("'", "'\\''");
  return `# ${model}, version ${version}, for ${platform}

${definition.description === '' ? `Predicts ${definition.target.name}.` : definition.description}

All that is needed is Node 24 or newer: no \`npm install\`, no network, no AWS.

\`\`\`sh
node run.mjs verify
node run.mjs predict --row '${row}'
node run.mjs serve --port 8080
curl localhost:8080/models/${model}/predict -H 'content-type: application/json' -d '{"rows":[${row}]}'
\`\`\`

\`serve\` listens on 127.0.0.1 and has the routes of the standalone server: \`/openapi.json\` lists them, \`/metrics\` counts.
\`node run.mjs --help\` names every option.

## What it predicted, sent later

Every answer is kept in \`captures/\` beside \`run.mjs\`, without personal data, on the disk within a second. At most 64 MB are
kept (\`--keep-mb\`); then the oldest go, and \`dropped.jsonl\` says how many. What turned out to be true can be kept beside:

\`\`\`sh
node run.mjs label --prediction <predictionId> --label <true answer>
EVERGREEN_API_KEY=… node run.mjs sync --url https://….execute-api.<region>.amazonaws.com/live
\`\`\`

\`sync\` may run while \`serve\` does, and as often as you like: each prediction is stored once, and what breaks off is sent
again. What the API refuses is put into \`captures/refused/\` with the reason.

## Whether it is what was registered

Each file of the package is held against the signature before it is loaded. The public key lies in the archive, so who could
exchange all of it could exchange the key too: compare it once with what \`evergreen export\` printed, or give a key that you
have from elsewhere with \`--trust <file>\`.

| | |
|---|---|
| package | \`${packageDigest}\` |
| signed by the key | \`${signedBy}\` |

## What is in it

| | |
|---|---|
| \`models/\` | the package (model.onnx, manifest, definition, golden answers), its signature and the key; \`evergreen serve --models\` reads it too |
| \`card/\` | the model card as a page and as JSON, and its bill of materials |
| \`run.mjs\`, \`runner.mjs\`, \`node_modules/\` | the program, and ONNX Runtime for ${platform} |
`;
}
