import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import fc from 'fast-check';
import { describe, onTestFinished, test } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { appWithJobs, type OpenStores } from '../acceptance/app-with-jobs.ts';
import { runBoundHistory } from './bound-history.ts';
import { boundHistories, boundHistoriesOfOld } from './bound-steps.ts';
import { boundJob, type BoundWorld } from './bound-world.ts';

/** Histories on each store, beside those that went wrong once; raise it for a night's run. */
const numRuns = Number(process.env['MODEL_RUNS'] ?? 10);

const stores: Readonly<Record<string, () => OpenStores>> = {
  memory: () => (clock) => createMemoryStores({ clock }),
  SQLite: () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-bound-model-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return (clock) => createSqliteStores({ file: path.join(folder, 'batchy.db'), clock });
  },
};

/** Bound jobs beside clients and operators, through the whole service, with a conductor that runs them. */
describe.each(Object.entries(stores))('histories of bound jobs over %s', (_name, store) => {
  test(
    'no row is skipped for good, and no watermark is stuck',
    async () => {
      const worlds = new Map<string, BoundWorld>();
      const app = await appWithJobs({ jobs: [boundJob(worlds)], openStores: store(), cfg: {} });
      await fc.assert(
        fc.asyncProperty(boundHistories, (history) => runBoundHistory(app, worlds, history)),
        { numRuns: numRuns + boundHistoriesOfOld.length, examples: boundHistoriesOfOld.map((history) => [history]) },
      );
    },
    60_000 + numRuns * 5000,
  );
});
