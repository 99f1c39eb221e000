import path from 'node:path';

import { createSqliteStores } from '../../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { chunkStep, defineJob, listReader, nullWriter } from '../../../src/authoring/index.ts';
import { conductService } from '../conducted-service.ts';
import { alternate, milliseconds, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { createBareCommits } from '../peers/bare-commits.ts';
import type { CleanUp } from '../processes.ts';

const chunkSize = 1000;
const jobName = 'CopyNumbers';

/** A chunk step over a list into nothing, from its launch to its end, against a loop that only commits as often. */
export async function measureChunkStep({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const count = quick ? 100_000 : 1_000_000;
  const numbers = Array.from({ length: count }, (_each, index) => index);
  const folder = await cleanUp.folder();
  const stores = await createSqliteStores({ file: path.join(folder, 'batchy.db'), clock: systemClock });
  cleanUp.add(() => stores.upkeep.close());
  const copy = chunkStep('copy', { reader: listReader(numbers), writer: nullWriter(), chunkSize });
  const jobs = [defineJob({ name: jobName, steps: [copy] })];
  const service = await conductService({ stores, jobs, folder, concurrency: 1 });
  cleanUp.add(() => service.stop());
  const commits = createBareCommits(path.join(folder, 'bare.db'));
  cleanUp.add(async () => commits.close());
  let round = 0;
  const rounds = await alternate(
    { warmUp: 3, rounds: quick ? 3 : 5 },
    async () => {
      round += 1;
      const began = performance.now();
      await service.completed(await service.launch(jobName, { round }));
      return performance.now() - began;
    },
    async () => {
      const began = performance.now();
      await bareLoop(numbers, commits.commit);
      return performance.now() - began;
    },
  );
  const items = count.toLocaleString('en');
  const name = `chunk step, ${items} items from a list, chunks of ${chunkSize}, embedded store against a bare loop with the same commits`;
  return [rowOf(rounds, { group: 'chunk-step', name, reach: { atMost: 1.5 }, format: milliseconds })];
}

async function bareLoop(numbers: readonly number[], commit: (count: number) => void): Promise<void> {
  let chunk: number[] = [];
  let done = 0;
  const finish = async (): Promise<void> => {
    await writeNothing(chunk);
    done += chunk.length;
    commit(done);
    chunk = [];
  };
  for (const number of numbers) {
    chunk.push(number);
    if (chunk.length === chunkSize) await finish();
  }
  if (chunk.length > 0) await finish();
}

async function writeNothing(_items: readonly number[]): Promise<void> {}
