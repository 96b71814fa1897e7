import { MemoryRuns } from './fixtures/memory-runs.ts';
import { describeRunRecords } from './fixtures/run-records-suite.ts';

describeRunRecords('in memory', () => new MemoryRuns());
