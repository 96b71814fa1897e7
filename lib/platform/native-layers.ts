import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AssetHashType } from 'aws-cdk-lib';
import { Architecture, Code, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import * as z from 'zod';
import { foreignPackageFolder, packageFolder } from './native-package.ts';
import { onnxruntimeParts, type PackagePart } from './onnxruntime-parts.ts';
import { stagedFolder } from './staged-folder.ts';

/** Changed whenever what is picked below changes, since a layer is known by the versions in it. */
const layout = 1;

/** Machine code that several functions share, each kind once for a deployment. */
export class NativeLayers extends Construct {
  readonly onnxruntime: LayerVersion;
  readonly duckdb: LayerVersion;

  constructor(scope: Construct, id: string, props: { architecture: Architecture }) {
    super(scope, id);
    const { architecture } = props;
    const cpu = architecture === Architecture.ARM_64 ? 'arm64' : 'x64';
    const layer = (name: string, description: string, parts: PackagePart[]) => {
      const { folder, assetHash } = layerFolder(`${name.toLowerCase()}-${cpu}`, parts);
      return new LayerVersion(this, name, {
        code: Code.fromAsset(folder, { assetHash, assetHashType: AssetHashType.CUSTOM }),
        description,
        compatibleArchitectures: [architecture],
        compatibleRuntimes: [Runtime.NODEJS_24_X],
      });
    };

    this.onnxruntime = layer('OnnxRuntime', 'onnxruntime-node', onnxruntimeParts(cpu));

    const bindings = `@duckdb/node-bindings-linux-${cpu}`;
    const isHost = process.platform === 'linux' && process.arch === cpu;
    this.duckdb = layer('DuckDb', '@duckdb/node-api', [
      { name: '@duckdb/node-api', folder: packageFolder('@duckdb/node-api') },
      { name: '@duckdb/node-bindings', folder: packageFolder('@duckdb/node-bindings') },
      { name: 'detect-libc', folder: packageFolder('detect-libc') },
      { name: bindings, folder: isHost ? packageFolder(bindings) : foreignPackageFolder(bindings) },
    ]);
  }
}

const manifest = z.object({ version: z.string() });

/** Packages in the folder shape of a Lambda layer for Node, copied once for their versions. */
function layerFolder(name: string, parts: PackagePart[]): { folder: string; assetHash: string } {
  const versions = parts.map(({ name: part, folder }) => {
    const { version } = manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
    return `${part}@${version}`;
  });
  const assetHash = createHash('sha256')
    .update(JSON.stringify([layout, name, versions]))
    .digest('hex');
  const folder = stagedFolder(`layer-${name}-${assetHash.slice(0, 12)}`, (target) => {
    for (const { name: part, folder: source, keep } of parts) {
      const copy = join(target, 'nodejs', 'node_modules', part);
      mkdirSync(dirname(copy), { recursive: true });
      cpSync(source, copy, {
        recursive: true,
        dereference: true,
        ...(keep ? { filter: (path) => keep(path.slice(source.length)) } : {}),
      });
    }
  });
  return { folder, assetHash };
}
