import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { BatchyError } from '../../../src/domain/errors.ts';
import { memberOfId } from '../../../src/domain/document-index.ts';
import { documentChange } from '../../../src/domain/execution-documents.ts';
import { conductorsIndex, heartbeatKey } from '../../../src/domain/heartbeat.ts';
import { decodePart, partChange, partKeyOfMember, partsIndex, type StoredPart } from '../../../src/domain/part.ts';
import type { Commit, CommitOutcome, StoredChange } from '../../../src/ports/store.ts';
import { createCapabilities } from '../../../src/runner/capabilities.ts';
import type { RunnableJob } from '../../../src/runner/job.ts';
import { jobOf } from '../world.ts';
import { createMachines, type Machine, type Machines } from './many-conductors.ts';

const text = '{"written":"by something newer"}';

describe('a part that comes to grief', () => {
  let machines: Machines;
  /** `step machine`, as they began. */
  let runs: string[];
  let held: PromiseWithResolvers<void>;
  /** Partitions run until it is settled. */
  let busy: PromiseWithResolvers<void>;
  beforeEach(async () => {
    machines = await createMachines();
    runs = [];
    held = Promise.withResolvers();
    busy = Promise.withResolvers();
    busy.resolve();
  });
  afterEach(async () => {
    held.resolve();
    await machines.close();
  });

  /** The step that runs where the execution is, and the making of partitions, are held until they are let go. */
  const jobs = ({ id }: Pick<Machine, 'id'>): RunnableJob[] => [
    jobOf([
      {
        name: 'Here',
        dependsOn: [],
        body: {
          kind: 'task',
          run: () => {
            runs.push(`Here ${id}`);
            return held.promise.then(() => undefined);
          },
        },
      },
      {
        name: 'There',
        dependsOn: [],
        distributed: true,
        capabilities: ['gpu'],
        body: { kind: 'task', run: () => void runs.push(`There ${id}`) },
      },
    ]),
    jobOf(
      [
        {
          name: 'Split',
          body: {
            kind: 'partition',
            partition: () => held.promise.then(() => [0, 1, 2, 3]),
            concurrency: 4,
            body: {
              kind: 'task',
              run: ({ partition }) => {
                runs.push(`${Number(partition)} ${id}`);
                return busy.promise.then(() => undefined);
              },
            },
          },
        },
      ],
      { name: 'Split' },
    ),
  ];
  const [withOne, split] = jobs({ id: '' }) as [RunnableJob, RunnableJob];

  async function offered(): Promise<StoredPart> {
    await machines.until(async () => (await machines.parts()).length === 1, 'the offer');
    const [document] = await machines.world.stores.documents.get((await machines.parts()).map(partKeyOfMember));
    return { part: decodePart(document?.text ?? ''), revision: document?.revision ?? 0 };
  }

  async function store(change: StoredChange): Promise<void> {
    const operation = { id: `mishap-${runs.length}`, fingerprint: '', answer: null, keepSeconds: 60 };
    const outcome = await machines.world.stores.store.commit({ operation, changes: [change], journal: [] });
    expect(outcome.kind).toBe('committed');
  }

  function onCommit(happens: (asked: Commit, commit: () => Promise<CommitOutcome>) => Promise<CommitOutcome>): void {
    const { store: stored } = machines.world.stores;
    const commit = stored.commit.bind(stored);
    stored.commit = (asked) => happens(asked, () => commit(asked));
  }

  it('goes on elsewhere where it is in the name of a conductor that lives and cannot run it', async () => {
    await machines.start('a', jobs);
    const id = await machines.world.launch(withOne);
    const { part, revision } = await offered();
    await machines.start('lacks-it', () => []);
    await store(partChange({ part, revision }, { ...part, conductor: 'lacks-it' }));
    await machines.start('b', jobs, { has: ['gpu'] });
    await machines.until(() => runs.includes('There b'), 'its run');
    held.resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(machines.problems).toEqual([]);
  });

  it('goes on elsewhere where whoever had it has not what it needs any more', async () => {
    await machines.start('a', jobs);
    const id = await machines.world.launch(withOne);
    const { part, revision } = await offered();
    const { timers } = machines;
    const nothing = createCapabilities([{ kind: 'capability', name: 'gpu', has: () => false }], [], {
      timers,
      onProblem: (error) => machines.problems.push(error),
    });
    await machines.start('lost-it', jobs, { capabilities: nothing });
    await store(partChange({ part, revision }, { ...part, conductor: 'lost-it' }));
    await machines.start('b', jobs, { has: ['gpu'] });
    await machines.until(() => runs.includes('There b'), 'its run');
    held.resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(machines.problems).toEqual([]);
  });

  it.each([
    ['not been stored', 'store-unavailable', false],
    ['been stored', 'store-unavailable', true],
    ['not been stored', 'store-full', false],
  ] as const)('does not fail its execution where its taking has %s for a moment (%s)', async (_what, code, is) => {
    let times = 0;
    onCommit(async (asked, commit) => {
      const takes = asked.changes.some((each) => each.kind === 'document' && each.text?.includes('"conductor":"a"'));
      const isOfPart = asked.changes.some((each) => each.kind === 'document' && each.collection === 'part');
      if (!takes || !isOfPart || times > 0) return commit();
      times += 1;
      if (is) await commit();
      throw new BatchyError(code, 'Not now.');
    });
    held.resolve();
    await machines.start('full', jobs, { concurrency: 0 });
    await machines.start('a', jobs);
    const id = await machines.world.launch(split);
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(times).toBe(1);
    expect(runs.toSorted()).toEqual(['0 a', '1 a', '2 a', '3 a']);
  });

  it('waits where it runs until there is room for how it has ended', async () => {
    let refusals = 0;
    let isFull = true;
    onCommit(async (asked, commit) => {
      if (
        !isFull ||
        !asked.journal.some(({ by, execution }) => by === 'conductor b' && execution?.after === 'COMPLETED')
      )
        return commit();
      refusals += 1;
      throw new BatchyError('store-full', 'There is no room.');
    });
    await machines.start('a', jobs);
    const id = await machines.world.launch(withOne);
    await machines.start('b', jobs, { has: ['gpu'] });
    await machines.until(() => refusals > 3, 'its waiting');
    held.resolve();
    await machines.pass(20_000);
    expect((await machines.world.outcome(id)).rows).toContain('There STARTED');
    isFull = false;
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(runs.toSorted()).toEqual(['Here a', 'There b']);
    expect(machines.problems).toEqual([]);
  });

  it('runs elsewhere where not even its beginning can be stored by whoever took it', async () => {
    onCommit(async (asked, commit) => {
      const begins = asked.journal.some(({ by, execution }) => by === 'conductor b' && execution?.after === 'STARTED');
      if (begins) throw new BatchyError('foreign-data', 'A key is of another type.');
      return commit();
    });
    await machines.start('a', jobs);
    const id = await machines.world.launch(split);
    // Where the execution itself is, nothing comes to grief.
    await machines.until(async () => (await machines.world.outcome(id)).execution.startedAt !== null, 'its start');
    await machines.start('b', jobs);
    busy = Promise.withResolvers();
    held.resolve();
    await machines.until(() => machines.problems.length > 0, 'a try');
    busy.resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(runs.toSorted()).toEqual(['0 a', '1 a', '2 a', '3 a']);
  });

  it('keeps nobody from the others where it cannot be read, and is told of once in a while', async () => {
    const member = `${memberOfId(999)}:${memberOfId(999)}`;
    await store(documentChange(null, { ...partKeyOfMember(member), text, members: [{ index: partsIndex, member }] }));
    await machines.start('a', jobs);
    await machines.start('b', jobs, { has: ['gpu'] });
    const id = await machines.world.launch(withOne);
    await machines.until(() => runs.includes('There b'), 'its run');
    await machines.pass(5000);
    held.resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(machines.problems).toHaveLength(2);
  });

  it('runs where its execution is, though a sign of life cannot be read', async () => {
    const members = [{ index: conductorsIndex, member: 'newer' }];
    await store(documentChange(null, { ...heartbeatKey('newer'), text, members }));
    held.resolve();
    await machines.start('a', jobs);
    const id = await machines.world.launch(split);
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(machines.problems).toEqual([]);
  });
});
