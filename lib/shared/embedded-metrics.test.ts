import { afterEach, describe, expect, it, vi } from 'vitest';
import { metricLine, metricNamespaceOf } from './embedded-metrics.ts';

const at = new Date('2026-11-23T12:00:00Z');

describe('metricLine', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('names each metric once for each set of dimensions, under the namespace of its stage', () => {
    vi.stubEnv('METRIC_NAMESPACE', metricNamespaceOf('aws'));
    const line = metricLine(at, { model: 'iris', version: '3' }, [['model'], ['model', 'version']], {
      MaxPsi: { value: 0.4, unit: 'None' },
    });
    expect(JSON.parse(line)).toEqual({
      _aws: {
        Timestamp: at.getTime(),
        CloudWatchMetrics: [
          {
            Namespace: 'Evergreen/aws',
            Dimensions: [['model'], ['model', 'version']],
            Metrics: [{ Name: 'MaxPsi', Unit: 'None', StorageResolution: 1 }],
          },
        ],
      },
      model: 'iris',
      version: '3',
      MaxPsi: 0.4,
    });
  });
});
