import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { partsIndex } from '../../../src/domain/part.ts';
import type { RunnableJob } from '../../../src/runner/job.ts';
import { jobOf } from '../world.ts';
import { createMachines, type Machine, type Machines } from './many-conductors.ts';

describe('a look at what is offered', () => {
  let machines: Machines;
  /** The machines on which a step has begun. */
  let runs: string[];
  let gate: PromiseWithResolvers<void>;
  let lists: number;
  beforeEach(async () => {
    machines = await createMachines();
    runs = [];
    gate = Promise.withResolvers();
    lists = 0;
    const { documents } = machines.world.stores;
    const scan = documents.scan.bind(documents);
    documents.scan = async (page) => {
      if (page.index === partsIndex) lists += 1;
      return scan(page);
    };
  });
  afterEach(async () => {
    gate.resolve();
    await machines.close();
    expect(machines.problems).toEqual([]);
  });

  const jobs = ({ id }: Pick<Machine, 'id'>): RunnableJob[] => [
    jobOf([{ name: 'Plain', body: { kind: 'task', run: () => undefined } }], { name: 'Plain' }),
    jobOf(
      ['Here', 'There'].map((name) => ({
        name,
        dependsOn: [],
        distributed: true,
        body: {
          kind: 'task',
          run: async () => {
            runs.push(id);
            await gate.promise;
          },
        },
      })),
    ),
  ];
  const [plain, shared] = jobs({ id: '' }) as [RunnableJob, RunnableJob];

  /** Of the usual ones, each conductor’s, in so many milliseconds. */
  const usual = (milliseconds: number): number => 2 * (milliseconds / 1000 + 1);

  it('happens only from time to time where nothing is offered, whatever else happens', async () => {
    await machines.start('a', jobs);
    await machines.start('b', jobs);
    lists = 0;
    for (let each = 0; each < 50; each += 1) {
      await machines.world.launch(plain, { forced: true });
      await machines.pass(100);
    }
    expect(lists).toBeGreaterThan(0);
    expect(lists).toBeLessThanOrEqual(usual(5000));
  });

  it('happens soon after something was offered', async () => {
    await machines.start('a', jobs);
    await machines.start('b', jobs);
    // The moment after a usual look is that in which the next one is far.
    await machines.pass(1000);
    lists = 0;
    await machines.until(() => lists === 2, 'the usual looks');
    await machines.world.launch(shared);
    await machines.pass(400);
    expect(runs.toSorted()).toEqual(['a', 'b']);
  });

  it('finds late what nobody told of', async () => {
    const { journal } = machines.world.stores;
    const read = journal.executionStatuses.bind(journal);
    journal.executionStatuses = async (beyond, limit) => ({ ...(await read(beyond, limit)), offersParts: false });
    await machines.start('a', jobs);
    await machines.start('b', jobs);
    await machines.world.launch(shared);
    await machines.pass(1400);
    expect(runs.toSorted()).toEqual(['a', 'b']);
  });
});
