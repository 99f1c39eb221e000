import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { acceptance } from './batch-state.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'batchy-acceptance-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

acceptance('SQLite', (clock) => createSqliteStores({ file: path.join(folder, `${(count += 1)}.db`), clock }));
