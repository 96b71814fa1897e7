import { packageFolder } from './native-package.ts';

/** What of an installed package is taken along. */
export interface PackagePart {
  name: string;
  folder: string;
  /** What of it is taken, by the path below its folder. @default - all */
  keep?: (path: string) => boolean;
}

/** The runtime for Linux on one architecture: its package holds all platforms, which together are too large. */
export function onnxruntimeParts(cpu: 'arm64' | 'x64'): PackagePart[] {
  const isOurs = (path: string) =>
    ['', '/package.json', '/dist', '/bin', '/bin/napi-v6', '/bin/napi-v6/linux'].includes(path) ||
    path.startsWith('/dist/') ||
    path.startsWith(`/bin/napi-v6/linux/${cpu}`);
  const isNoMap = (path: string) => !path.endsWith('.map');
  return [
    { name: 'onnxruntime-node', folder: packageFolder('onnxruntime-node'), keep: isOurs },
    { name: 'onnxruntime-common', folder: packageFolder('onnxruntime-common'), keep: isNoMap },
  ];
}
