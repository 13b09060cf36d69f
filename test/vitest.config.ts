import { defineConfig } from 'vitest/config';

/** Tests that leave nothing behind in their process share one: a quarter less of processor time. */
const SHARING = [
  'test/lib/{census,config,idempotency,studio,trigger}/**/*.test.ts',
  'test/lib/http/*/**/*.test.ts',
  'test/lib/aws/table/*.test.ts',
  'test/lib/purge/*.test.ts',
  'test/lib/purge/{batch,order,sweep}/**/*.test.ts',
  // Without those that measure the heap, replace a module or start a process.
  'test/lib/purge/crashes/!(two-workers).test.ts',
  'test/lib/purge/engine/!(memory|size).test.ts',
  'test/lib/purge/record/!(failures).test.ts',
  'test/infra/constructs/**/*.test.ts',
  'test/infra/simulator/!(start|store).test.ts',
  'test/infra/local/terminal/*.test.ts',
];

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    reporters: ['default', './test/support/reporter.ts'],
    setupFiles: ['test/support/quiet.ts', 'test/support/table-judge.ts'],
    silent: 'passed-only',
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // The default of one second is too short on a loaded machine.
    expect: { poll: { timeout: 10_000 } },
    // One more than CI has processors, since some tests wait for a server or a clock.
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: 'sharing', include: SHARING, isolate: false } },
      {
        extends: true,
        test: {
          name: 'apart',
          include: ['test/**/*.test.ts'],
          exclude: [...SHARING, 'test/bench/node_modules/**'],
          globalSetup: ['test/support/build-bundles.ts'],
        },
      },
    ],
    coverage: {
      include: ['lib/**/*.ts'],
      // Code that runs in the built bundles or in a child process is not counted.
      thresholds: { lines: 95, branches: 90 },
      reporter: ['text-summary'],
    },
  },
});
