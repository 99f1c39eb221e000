import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { BatchyError } from '../../../src/domain/errors.ts';
import { decodePart, partKeyOfMember } from '../../../src/domain/part.ts';
import type { RunnableJob } from '../../../src/runner/job.ts';
import type { TaskBody } from '../../../src/runner/step-body.ts';
import { jobOf } from '../world.ts';
import { createMachines, type Machine, type Machines } from './many-conductors.ts';

describe('partitions over several conductors', () => {
  let machines: Machines;
  /** `partition machine`, as they began. */
  let runs: string[];
  let gates: Map<number, PromiseWithResolvers<void>>;
  beforeEach(async () => {
    machines = await createMachines();
    runs = [];
    gates = new Map();
  });
  afterEach(async () => {
    await machines.close();
    expect(machines.problems).toEqual([]);
  });

  const gate = (index: number): PromiseWithResolvers<void> => {
    const found = gates.get(index) ?? Promise.withResolvers<void>();
    gates.set(index, found);
    return found;
  };
  const ascending = (one: number, other: number): number => one - other;
  const runsOf = (machine: string): number[] =>
    runs.flatMap((run) => (run.endsWith(` ${machine}`) ? [Number(run.split(' ')[0])] : []));

  /** Each part waits for its gate. */
  function partitioned(parts: number, concurrency: number, options: Parameters<typeof jobOf>[1] = {}) {
    return ({ id, alive }: Machine): RunnableJob[] => {
      const body: TaskBody = {
        kind: 'task',
        async run({ partition, signal, context }) {
          const index = Number(partition);
          runs.push(`${index} ${id}`);
          await Promise.race([
            gate(index).promise,
            new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
          ]);
          await alive();
          signal.throwIfAborted();
          context.set(`part${index}`, id);
        },
      };
      const partition = (): number[] => Array.from({ length: parts }, (_part, index) => index);
      return [
        jobOf(
          [
            { name: 'Split', body: { kind: 'partition', partition, body, concurrency } },
            {
              name: 'After',
              body: { kind: 'task', run: ({ context }) => context.set('seen', context.entries().length) },
            },
          ],
          options,
        ),
      ];
    };
  }
  const job = partitioned(1, 1)({ id: '', alive: async () => {} } as Machine)[0] as RunnableJob;

  it('run on all that are online, as many at a time as the step says, and what they set is seen by who comes after', async () => {
    const jobs = partitioned(6, 4);
    await machines.start('a', jobs);
    const id = await machines.world.launch(job);
    await machines.start('b', jobs);
    await machines.until(() => runs.length >= 4);
    await machines.pass(1000);
    expect(runs).toHaveLength(4);
    expect([runsOf('a').length, runsOf('b').length]).toEqual([2, 2]);
    for (let index = 0; index < 6; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    const { rows, context, instance } = await machines.world.outcome(id);
    expect(rows.toSorted()).toEqual(
      ['After', 'Split', ...[0, 1, 2, 3, 4, 5].map((index) => `Split:partition${index}`)].map(
        (name) => `${name} COMPLETED`,
      ),
    );
    expect(context['seen']).toBe(6);
    expect(runs.toSorted()).toEqual(runs.toSorted().filter((run, place, all) => all.indexOf(run) === place));
    expect([...instance.steps.keys()].toSorted()).toEqual(
      rows.map((row) => row.slice(0, row.lastIndexOf(' '))).toSorted(),
    );
    expect(await machines.parts()).toEqual([]);
  });

  it('are offered before any of them runs where the execution is: it may hold up its process', async () => {
    const jobs = partitioned(4, 4);
    const { store } = machines.world.stores;
    const commit = store.commit.bind(store);
    let begunBefore: readonly string[] | null = null;
    store.commit = async (asked) => {
      const offers = asked.changes.some((change) => change.kind === 'document' && change.collection === 'part');
      if (offers) begunBefore ??= [...runs];
      return commit(asked);
    };
    await machines.start('b', jobs, { concurrency: 2 });
    await machines.start('a', jobs);
    const id = await machines.world.launch(job);
    await machines.until(() => runs.length === 4);
    expect(begunBefore).toEqual([]);
    for (let index = 0; index < 4; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
  });

  it('run on one that comes later, which is given its share', async () => {
    const jobs = partitioned(8, 4);
    await machines.start('a', jobs);
    const id = await machines.world.launch(job);
    await machines.until(() => runs.length >= 4);
    expect(await machines.parts()).toEqual([]);
    await machines.start('b', jobs);
    await machines.pass(1500);
    expect(runsOf('b')).toEqual([]);
    for (const index of [0, 1, 2]) gate(index).resolve();
    await machines.until(() => runsOf('b').length === 2);
    for (let index = 0; index < 8; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
  });

  it('run where the execution is, and are offered to nobody, where nobody else is online', async () => {
    await machines.start('a', partitioned(4, 2));
    const offered: string[][] = [];
    const { store } = machines.world.stores;
    const commit = store.commit.bind(store);
    store.commit = async (asked) => {
      offered.push(asked.changes.flatMap((change) => (change.kind === 'document' ? change.collection : [])));
      return commit(asked);
    };
    const id = await machines.world.launch(job);
    for (let index = 0; index < 4; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(offered.flat()).not.toContain('part');
    expect(runs.toSorted()).toEqual(['0 a', '1 a', '2 a', '3 a']);
  });

  it('run where the execution is when the others do not take them: they have no such job, or no room', async () => {
    await machines.start('a', partitioned(4, 4));
    await machines.start('b', () => []);
    await machines.start('c', partitioned(4, 4), { concurrency: 0 });
    const id = await machines.world.launch(job);
    await machines.until(() => runs.length === 4, 'the beginning of all');
    expect(runsOf('a')).toHaveLength(4);
    for (let index = 0; index < 4; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(await machines.parts()).toEqual([]);
    // Each says so of the execution, once.
    machines.problems.splice(0);
  });

  it('end where two conductors with one slot each wait for the other’s', async () => {
    const jobs = (machine: Machine): RunnableJob[] => {
      const [one] = partitioned(4, 2)(machine) as [RunnableJob];
      return [one, { ...one, definition: { ...one.definition, name: 'Other' } }];
    };
    const [, other] = jobs({ id: '', alive: async () => {} } as Machine) as [RunnableJob, RunnableJob];
    const ids = [await machines.world.launch(job), await machines.world.launch(other)];
    await machines.start('a', jobs, { concurrency: 1 });
    await machines.start('b', jobs, { concurrency: 1 });
    for (let index = 0; index < 4; index += 1) gate(index).resolve();
    for (const id of ids) expect(await machines.end(id)).toBe('COMPLETED');
  });

  /** Begins one with parts on both, and tells who owns it. */
  async function begin(jobs: ReturnType<typeof partitioned>, parts: number) {
    const both = { a: await machines.start('a', jobs), b: await machines.start('b', jobs) };
    const id = await machines.world.launch(job);
    await machines.until(
      () => runs.length === parts && runsOf('a').length > 0 && runsOf('b').length > 0,
      'the beginning',
    );
    const owner = both.a.conductor.runs().length > 0 ? both.a : both.b;
    return { id, owner, other: owner === both.a ? both.b : both.a };
  }

  it('go on where the execution is when the conductor that ran some of them is gone', async () => {
    const { id, owner, other } = await begin(partitioned(4, 4), 4);
    const lost = runsOf(other.id);
    other.kill();
    for (let index = 0; index < 4; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(runsOf(owner.id).toSorted(ascending)).toEqual([0, 1, 2, 3]);
    expect(lost).toHaveLength(2);
    expect((await machines.world.outcome(id)).context).toMatchObject({ part0: owner.id, part1: owner.id });
    expect(await machines.parts()).toEqual([]);
  });

  it('go on where they are when the conductor of the execution is gone, and its own on the other', async () => {
    const { id, owner, other } = await begin(partitioned(6, 4), 4);
    const away = runsOf(other.id);
    owner.kill();
    await machines.until(() => other.conductor.runs().length > 0, 'the takeover');
    for (let index = 0; index < 6; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    // Those that ran on it were run once.
    expect(runs.filter((run) => away.includes(Number(run.split(' ')[0])))).toHaveLength(2);
    expect((await machines.world.outcome(id)).execution.takeovers).toBe(1);
    expect(await machines.parts()).toEqual([]);
  });

  it('run once, though one ends elsewhere while the execution is being taken over', async () => {
    const { id, owner, other } = await begin(partitioned(4, 4), 4);
    const [ending = 0] = runsOf(owner.id);
    const [away = 0] = runsOf(other.id);
    const third = await machines.start('c', partitioned(4, 4));
    // It has the other's part when it takes the execution over: so the machine that takes it over is the third, or that one.
    const { documents } = machines.world.stores;
    const scan = documents.scan.bind(documents);
    let isEnded = false;
    documents.scan = async (page) => {
      if (page.index === `parts:${id}` && !isEnded) {
        isEnded = true;
        gate(away).resolve();
        // Its row and its document are stored by then.
        await machines.until(async () => {
          const { rows } = await machines.world.outcome(id);
          return rows.includes(`Split:partition${away} COMPLETED`);
        }, 'the end of the part');
      }
      return scan(page);
    };
    owner.kill();
    await machines.until(() => isEnded, 'the takeover');
    for (let index = 0; index < 4; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(runs.filter((run) => run.startsWith(`${away} `))).toEqual([`${away} ${other.id}`]);
    expect(runs.filter((run) => run.startsWith(`${ending} `)).length).toBeGreaterThan(1);
    expect(third.isDead()).toBe(false);
  });

  it('write nothing on a conductor that stood still for longer than a lease', async () => {
    const { id, owner, other } = await begin(partitioned(4, 4), 4);
    const paused = runsOf(other.id);
    other.pause();
    for (const index of [0, 1, 2, 3]) if (!paused.includes(index)) gate(index).resolve();
    await machines.until(() => paused.every((index) => runsOf(owner.id).includes(index)), 'the takeover');
    other.resume();
    for (const index of paused) gate(index).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    const { context } = await machines.world.outcome(id);
    for (const index of [0, 1, 2, 3]) expect(context[`part${index}`]).toBe(owner.id);
  });

  it('stop everywhere when somebody asks the execution to stop, and go on in a restart', async () => {
    const { id } = await begin(partitioned(6, 4), 4);
    gate(0).resolve();
    await machines.until(() => runs.length === 5);
    await machines.world.requestStop(id);
    expect(await machines.end(id)).toBe('STOPPED');
    const { rows } = await machines.world.outcome(id);
    expect(rows.filter((row) => row.endsWith(' STARTED'))).toEqual([]);
    expect(rows).toContain('Split:partition0 COMPLETED');
    expect(rows.filter((row) => row.endsWith(' STOPPED'))).toHaveLength(5);
    expect(await machines.parts()).toEqual([]);
    runs = [];
    for (let index = 0; index < 6; index += 1) gate(index).resolve();
    const again = await machines.world.launch(job);
    expect(await machines.end(again)).toBe('COMPLETED');
    expect(runs.map((run) => Number(run.split(' ')[0])).toSorted(ascending)).toEqual([1, 2, 3, 4, 5]);
  });

  it('fail as a whole when one that runs elsewhere fails: what has begun ends, nothing else begins', async () => {
    const { id, other } = await begin(partitioned(8, 4), 4);
    const [first = 0] = runsOf(other.id);
    gate(first).reject(new Error('no such range'));
    await machines.pass(1500);
    for (let index = 0; index < 8; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('FAILED');
    const { execution, rows } = await machines.world.outcome(id);
    expect(execution.exitMessage).toContain(`partition${first}: no such range`);
    expect(rows.length).toBeLessThan(8);
    expect(rows.filter((row) => row.endsWith(' STARTED'))).toEqual([]);
    expect(await machines.parts()).toEqual([]);
  });

  it('end everywhere when the time of the execution is over', async () => {
    const { id } = await begin(partitioned(6, 4, { timeoutSeconds: 10 }), 4);
    expect(await machines.end(id)).toBe('FAILED');
    const { execution, rows } = await machines.world.outcome(id);
    expect(execution.exitMessage).toContain('10 s');
    expect(rows.filter((row) => row.endsWith(' STARTED'))).toEqual([]);
    await machines.until(async () => (await machines.parts()).length === 0, 'the end of all parts');
  });

  it('are handed back by a conductor that ends, and go on elsewhere without a takeover', async () => {
    const { id, owner, other } = await begin(partitioned(4, 4), 4);
    const handed = runsOf(other.id);
    const { stores } = machines.world;
    void other.conductor.stop();
    await machines.until(() => handed.every((index) => runsOf(owner.id).includes(index)), 'the going on');
    for (const document of await stores.documents.get((await machines.parts()).map(partKeyOfMember)))
      expect(decodePart(document?.text ?? '')).toMatchObject({ takeovers: 0, conductor: owner.id });
    for (let index = 0; index < 4; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
  });

  it.each(['store-unavailable', 'store-full'] as const)(
    'are handed back, and have lost no owner, where the store refuses that at first (%s)',
    async (code) => {
      const { id, owner, other } = await begin(partitioned(4, 4, { onOwnerLost: 'fail' }), 4);
      const handed = runsOf(other.id);
      const { store } = machines.world.stores;
      const commit = store.commit.bind(store);
      const refused = new Set<string>();
      store.commit = async (asked) => {
        const [change] = asked.changes;
        const isPart = change?.kind === 'document' && change.collection === 'part';
        if (!isPart || !change.text?.includes('"conductor":null') || refused.has(change.id)) return commit(asked);
        refused.add(change.id);
        throw new BatchyError(code, 'Not now.');
      };
      await other.stop();
      for (let index = 0; index < 4; index += 1) gate(index).resolve();
      expect(await machines.end(id)).toBe('COMPLETED');
      expect(refused.size).toBe(handed.length);
      expect(runsOf(owner.id).toSorted(ascending)).toEqual([0, 1, 2, 3]);
    },
  );

  it.each([
    ['the job says so', { onOwnerLost: 'fail' }],
    ['it may not be taken over any more', { maxTakeovers: 0 }],
  ] as const)('fail when the conductor that ran them is gone and %s', async (_why, options) => {
    const { id, other } = await begin(partitioned(4, 4, options), 4);
    const lost = runsOf(other.id);
    other.kill();
    for (let index = 0; index < 4; index += 1) gate(index).resolve();
    expect(await machines.end(id)).toBe('FAILED');
    const { steps, execution } = await machines.world.outcome(id);
    const failed = steps.filter(({ status, stepName }) => status === 'FAILED' && stepName !== 'Split');
    expect(failed.map(({ stepName }) => stepName).toSorted()).toEqual(
      lost.map((index) => `Split:partition${index}`).toSorted(),
    );
    expect(execution.exitMessage).toContain('owner lost');
  });
});
