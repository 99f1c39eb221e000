import { join } from 'node:path';

import { createSqliteStores } from '../../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { alternate, perSecond, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { CleanUp } from '../processes.ts';
import { copySamples, type DrivenService, driveService } from '../driven-service.ts';

const workflowCount = 64;

/** Opens of different workflows on one file: all at once, where commits share a flush, and one after the other. */
export async function measureGroupCommit({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const folder = await cleanUp.folder();
  const names = Array.from({ length: workflowCount }, (_each, index) => `wf${index}`);
  const stores = await createSqliteStores({ file: join(folder, 'batchy.db'), clock: systemClock });
  cleanUp.add(() => stores.upkeep.close());
  const service = driveService(stores, await copySamples(folder, names));
  for (const name of names) await service.load(name);
  const repetitions = quick ? 4 : 12;
  const rounds = await alternate(
    { warmUp: quick ? 1 : 3, rounds: quick ? 3 : 9 },
    () => opensPerSecond(service, names, repetitions, async () => void (await Promise.all(names.map(service.open)))),
    () =>
      opensPerSecond(service, names, repetitions, async () => {
        for (const name of names) await service.open(name);
      }),
  );
  const name = `embedded store, ${workflowCount} concurrent opens of different workflows against one flush a commit`;
  return [rowOf(rounds, { group: 'group-commit', name, reach: { atLeast: 4 }, format: perSecond })];
}

/** Only the opens are timed; what was opened is closed between them. */
async function opensPerSecond(
  service: DrivenService,
  names: readonly string[],
  repetitions: number,
  openAll: () => Promise<void>,
): Promise<number> {
  let spent = 0;
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const began = performance.now();
    await openAll();
    spent += performance.now() - began;
    await Promise.all(names.map(service.close));
  }
  return (1000 * repetitions * names.length) / spent;
}
