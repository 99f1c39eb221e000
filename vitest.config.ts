import { defineConfig } from 'vitest/config';

/** Where `.ci/run` reads the numbers that it prints at its end. */
const resultsFile = 'node_modules/.cache/batchy/test-results.json';

/** Suites start servers and processes of their own; a crash in one must not take another along, hence processes. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/property-seed.ts'],
    globalSetup: ['test/servers/global-setup.ts'],
    pool: 'forks',
    // On two processors: tests wait for leases, above all, and for processes that start.
    maxWorkers: 4,
    // Generous, since a deadline is there to end what hangs, not to measure: machines that build are slow and shared.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: resultsFile }]] : ['default'],
    passWithNoTests: false,
    allowOnly: false,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
});
