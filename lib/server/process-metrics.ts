import type { Registry } from 'prom-client';
import eventLoopLag from 'prom-client/lib/metrics/eventLoopLag.js';
import heapSizeAndUsed from 'prom-client/lib/metrics/heapSizeAndUsed.js';
import heapSpacesSizeAndUsed from 'prom-client/lib/metrics/heapSpacesSizeAndUsed.js';
import osMemoryHeap from 'prom-client/lib/metrics/osMemoryHeap.js';
import processCpuTotal from 'prom-client/lib/metrics/processCpuTotal.js';
import processHandles from 'prom-client/lib/metrics/processHandles.js';
import processMaxFileDescriptors from 'prom-client/lib/metrics/processMaxFileDescriptors.js';
import processOpenFileDescriptors from 'prom-client/lib/metrics/processOpenFileDescriptors.js';
import processRequests from 'prom-client/lib/metrics/processRequests.js';
import processResources from 'prom-client/lib/metrics/processResources.js';
import processStartTime from 'prom-client/lib/metrics/processStartTime.js';
import version from 'prom-client/lib/metrics/version.js';

/**
 * The default metrics of prom-client but one, the time of garbage collection: it is told of every collection, of which a
 * busy worker has hundreds a second, and the request of that moment waits for it.
 */
export function collectProcessMetrics(registry: Registry, prefix: string): void {
  const metrics = [
    eventLoopLag,
    heapSizeAndUsed,
    heapSpacesSizeAndUsed,
    osMemoryHeap,
    processCpuTotal,
    processHandles,
    processMaxFileDescriptors,
    processOpenFileDescriptors,
    processRequests,
    processResources,
    processStartTime,
    version,
  ];
  for (const register of metrics) register(registry, { prefix, eventLoopMonitoringPrecision: 10 });
}
