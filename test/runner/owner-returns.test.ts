import { afterEach, describe, expect, it } from 'vitest';

import { documentChange } from '../../src/domain/execution-documents.ts';
import { conductorsIndex, heartbeatDocument, heartbeatKey } from '../../src/domain/heartbeat.ts';
import { decodePart, partChange, partKeyOfMember } from '../../src/domain/part.ts';
import type { StoredChange } from '../../src/ports/store.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { createMachines, type Machine, type Machines } from './parts/many-conductors.ts';
import { jobOf } from './world.ts';

/** Whose sign of life has stood still, and who gives another one in the very moment in which what they have is taken. */
const owner = 'returns';

describe('an owner that comes back while what it has is being taken', () => {
  let machines: Machines;
  afterEach(() => machines.close());

  let operations = 0;
  async function store(change: StoredChange): Promise<void> {
    const operation = { id: `returning-${(operations += 1)}`, fingerprint: '', answer: null, keepSeconds: 60 };
    const outcome = await machines.world.stores.store.commit({ operation, changes: [change], journal: [] });
    expect(outcome.kind).toBe('committed');
  }

  async function giveSign(): Promise<void> {
    const [found] = await machines.world.stores.documents.get([heartbeatKey(owner)]);
    const before = found ? { members: [{ index: conductorsIndex, member: owner }], revision: found.revision } : null;
    const at = await machines.world.stores.clock.now();
    await store(documentChange(before, heartbeatDocument({ conductor: owner, at })));
  }

  /** Each commit that takes something of this kind from now on meets an owner that has given a sign a moment before. @returns how many did */
  function returnsAt(collection: 'lease' | 'part'): { readonly count: () => number; readonly end: () => void } {
    const { store: stored } = machines.world.stores;
    const commit = stored.commit.bind(stored);
    let count = 0;
    let isOver = false;
    const takes = (change: StoredChange): boolean =>
      change.kind === 'document' && change.collection === collection && (change.text ?? '').includes('"taker"');
    stored.commit = async (asked) => {
      if (!isOver && asked.changes.some(takes)) {
        count += 1;
        await giveSign();
      }
      return commit(asked);
    };
    return { count: () => count, end: () => void (isOver = true) };
  }

  const plain = jobOf([{ name: 'Step', body: { kind: 'task', run: () => undefined } }]);
  const limited: RunnableJob = { ...plain, definition: { ...plain.definition, maxRunning: 3 } };

  it.each([
    ['no gate', plain],
    ['a gate', limited],
  ])('keeps its execution, where that comes through %s', async (_what, job) => {
    machines = await createMachines();
    const id = await machines.world.launch(job);
    await giveSign();
    await machines.world.take(id, owner);
    const returning = returnsAt('lease');
    await machines.start('taker', () => [job]);
    await machines.until(() => returning.count() >= 3, 'the third attempt');
    expect(await machines.world.outcome(id)).toMatchObject({ status: 'STARTING', execution: { takeovers: 0 } });
    returning.end();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect((await machines.world.outcome(id)).execution.takeovers).toBe(1);
    expect(machines.problems).toEqual([]);
  });

  it.each(['the owner of the execution', 'anybody'])('keeps its part, which %s would take', async (who) => {
    machines = await createMachines();
    const runs: string[] = [];
    const held = Promise.withResolvers<undefined>();
    const isOwner = who !== 'anybody';
    const jobs = ({ id }: Pick<Machine, 'id'>): RunnableJob[] => [
      jobOf([
        {
          name: 'Here',
          dependsOn: [],
          ...(isOwner ? { distributed: true } : {}),
          body: { kind: 'task', run: () => held.promise },
        },
        {
          name: 'There',
          dependsOn: [],
          distributed: true,
          capabilities: isOwner ? [] : ['gpu'],
          body: { kind: 'task', run: () => void runs.push(id) },
        },
      ]),
    ];
    // It could take parts, as far as it tells, and so they are offered.
    await machines.start('without-jobs', () => []);
    await machines.start(isOwner ? 'taker' : 'other', jobs);
    const id = await machines.world.launch(jobs({ id: '' })[0] as RunnableJob);
    await machines.until(async () => (await machines.parts()).length === 1, 'the offer');
    await giveSign();
    const [document] = await machines.world.stores.documents.get((await machines.parts()).map(partKeyOfMember));
    const stored = { part: decodePart(document?.text ?? ''), revision: document?.revision ?? 0 };
    await store(partChange(stored, { ...stored.part, conductor: owner }));
    const returning = returnsAt('part');
    if (!isOwner) await machines.start('taker', jobs, { has: ['gpu'] });
    await machines.until(() => returning.count() >= 3, 'the third attempt');
    expect(runs).toEqual([]);
    returning.end();
    await machines.until(() => runs.length > 0, 'its run');
    held.resolve(undefined);
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(runs).toEqual(['taker']);
    expect(machines.problems).toEqual([]);
  });
});
