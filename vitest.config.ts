import { defineConfig } from 'vitest/config';

/** Unit tests lie beside their file; the slower suites are named in test/. */
export default defineConfig({
  test: {
    // By itself it leaves one core to itself, which has next to nothing to do.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'lib/**/*.test.ts',
            'lambdas/**/*.test.ts',
            'bin/**/*.test.ts',
            'bench/**/*.test.ts',
            'test/architecture/**/*.test.ts',
          ],
          sequence: { shuffle: true },
        },
      },
      {
        test: {
          name: 'infrastructure',
          include: ['test/infrastructure/**/*.test.ts'],
          // A stack takes seconds to synthesise: the files of one process share it.
          isolate: false,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'end-to-end',
          include: ['test/end-to-end/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 420_000,
          // Each file has an engine of its own, and mostly waits for it. More of them at a time need more than two cores.
          maxWorkers: 2,
        },
      },
    ],
  },
});
