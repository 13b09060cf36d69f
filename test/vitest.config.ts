import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/node_modules/**'],
    reporters: ['default', './test/support/reporter.ts'],
    // The bundles are built once, by the same path that `npm run build` and CDK take.
    globalSetup: ['test/support/build-bundles.ts'],
    setupFiles: ['test/support/quiet.ts', 'test/support/table-judge.ts'],
    silent: 'passed-only',
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A loaded machine is slower than a second, which is what it would be otherwise.
    expect: { poll: { timeout: 10_000 } },
    // One more than CI has processors: some tests wait for a server or a clock.
    maxWorkers: 3,
  },
});
