import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import type { OpenStores } from './app-with-jobs.ts';
import { acceptance } from './batch-state.ts';
import { conductorAcceptance } from './conductors.ts';
import { jobAcceptance } from './jobs.ts';
import { replayAcceptance } from './replays.ts';
import { retentionAcceptance } from './retention.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'batchy-acceptance-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

const openStores: OpenStores = (clock) => createSqliteStores({ file: path.join(folder, `${(count += 1)}.db`), clock });
acceptance('SQLite', openStores);
jobAcceptance('SQLite', openStores);
replayAcceptance('SQLite', openStores);
retentionAcceptance('SQLite', openStores);
conductorAcceptance('SQLite', openStores);
