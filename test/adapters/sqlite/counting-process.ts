import { systemClock } from '../../../src/adapters/system/clock.ts';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createSqliteStores } from '../../../src/adapters/sqlite/stores.ts';
import { countingCommit } from './counting-commit.ts';

/**
 * A process that counts workflows up in one file, all at once: `counting-process.ts FILE TIMES WORKFLOW…`. It tells its
 * parent `ready`, begins at the first message from there, and tells each acknowledged commit.
 */
const [, , file = '', times = '0', ...workflows] = process.argv;
const stores = await createSqliteStores({ file, clock: systemClock });

async function count(workflow: string): Promise<void> {
  for (let left = Number(times); left > 0;) {
    const { head, ledger } = await stores.reader.load(workflow);
    const { commit, count: counted } = countingCommit(workflow, { head, ledger }, randomUUID());
    const { kind } = await stores.store.commit(commit);
    if (kind === 'conflict') continue;
    left -= 1;
    process.send?.({ kind, workflow, counted });
  }
}

process.send?.({ kind: 'ready' });
await once(process, 'message');
await Promise.all(workflows.map(count));
await stores.upkeep.close();
process.disconnect();
