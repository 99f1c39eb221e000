import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { executionIndexes, idOfMember } from '../../src/domain/document-index.ts';
import type { JobDefinition } from '../../src/domain/job.ts';
import type { Priority } from '../../src/domain/priority.ts';
import type { Dispatcher } from '../../src/ports/dispatcher.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { createDue } from '../../src/runner/due-executions.ts';
import { createGatedWorld, type GatedWorld } from './gated-world.ts';
import { createWorld, jobOf, type World } from './world.ts';

/** What was to wait until a time, and that has come. */

/** Of what is asked of the store. */
interface Reads {
  /** Pages of what is put off, and of what waits. */
  delayed: number;
  waiting: number;
  documents: number;
}

function countReads({ stores: { documents } }: World): Reads {
  const reads = { delayed: 0, waiting: 0, documents: 0 };
  const scan = documents.scan.bind(documents);
  const get = documents.get.bind(documents);
  documents.scan = (page) => {
    if (page.index === executionIndexes.delayed('default')) reads.delayed += 1;
    if (page.index === executionIndexes.waiting('default')) reads.waiting += 1;
    return scan(page);
  };
  documents.get = (keys) => {
    reads.documents += keys.length;
    return get(keys);
  };
  return reads;
}

describe('where very much is due', () => {
  const much = 2000;
  let world: World;
  let job: RunnableJob;
  let ids: number[];
  beforeEach(async () => {
    world = await createWorld();
    job = jobOf([{ name: 'Step', body: { kind: 'task', run: () => undefined } }]);
    ids = [];
    for (let count = 0; count < much; count += 1) ids.push(await launch(0));
    world.clock.advance({ seconds: 10 });
  });
  afterEach(() => world.close());

  const launch = (seconds: number, priority: Priority = 'normal'): Promise<number> => {
    const notBefore = world.clock.peek() + BigInt(seconds) * 1_000_000_000n;
    return world.launch(job, { waits: { notBefore, priority }, forced: true });
  };
  const idsOf = (members: readonly string[]): number[] => members.map(idOfMember);

  it('a look costs no more than where less is', async () => {
    const due = createDue(world.stores);
    const reads = countReads(world);
    for (let looks = 0; looks < 5; looks += 1) {
      Object.assign(reads, { delayed: 0, documents: 0 });
      await due.look(['default'], true);
      expect(reads.delayed).toBeLessThan(8);
      expect(reads.documents).toBeLessThanOrEqual(1000);
    }
  });

  it('all of it has its turn, and what has been due longest is looked at each time', async () => {
    const due = createDue(world.stores);
    const seen = new Set<number>();
    for (let looks = 0; looks < 4; looks += 1) {
      await due.look(['default'], true);
      const found = idsOf(due.members());
      expect(found).toEqual(expect.arrayContaining(ids.slice(0, 500)));
      for (const id of found) seen.add(id);
    }
    expect(seen.size).toBe(much);
    expect(due.oldest().slice(0, 500)).toEqual(ids.slice(0, 500));
  });

  it('what stands behind keeps its turn until it had a chance', async () => {
    const due = createDue(world.stores);
    await due.look(['default'], true);
    const before = due.members();
    expect(before).toHaveLength(1000);
    for (let looks = 0; looks < 3; looks += 1) await due.look(['default'], false);
    expect(due.members()).toEqual(before);
    await due.look(['default'], true);
    expect(due.members()).not.toEqual(before);
  });

  it('what has just come due is found at once, and comes by its priority among the rest', async () => {
    const due = createDue(world.stores);
    const urgent = await launch(60, 'very_high');
    const late = await launch(60, 'very_low');
    await due.look(['default'], true);
    expect(due.members().map(idOfMember)).not.toContain(urgent);
    world.clock.advance({ seconds: 60 });
    await due.look(['default'], true);
    const found = idsOf(due.members());
    expect([found[0], found.at(-1)]).toEqual([urgent, late]);
  });

  it('what stands behind is looked at each time once what stood before it is gone', async () => {
    const due = createDue(world.stores);
    await due.look(['default'], true);
    for (const id of ids.slice(0, 1800)) await world.requestStop(id);
    for (const id of ids.slice(0, 1800)) await world.run(id, job);
    for (let looks = 0; looks < 2; looks += 1) {
      await due.look(['default'], true);
      expect(idsOf(due.members())).toEqual(ids.slice(1800));
    }
  });
});

describe('a conductor that very much is due for', () => {
  async function muchIsDue(...definitions: Pick<JobDefinition, 'name' | 'maxRunning'>[]): Promise<GatedWorld> {
    const made = await createGatedWorld(definitions);
    onTestFinished(() => made.close());
    const { world, launch } = made;
    for (let count = 0; count < 2000; count += 1) await launch('Held', { notBefore: world.clock.peek() });
    world.clock.advance({ seconds: 10 });
    return made;
  }

  const deaf = (): Dispatcher => ({
    dispatch: async () => {},
    consume: () => ({ setRoom: () => {}, stop: async () => {} }),
    close: async () => {},
  });

  it.for(['handed on', 'found in the store'])('begins what else is due, where work is %s', async (how) => {
    const made = await muchIsDue({ name: 'Held', maxRunning: 1 }, { name: 'Other' });
    const { world, conduct, launch, begun, until, pass } = made;
    const waited = await launch('Other', { notBefore: world.clock.peek() });
    const later = await launch('Other', { notBefore: world.clock.peek() + 60_000_000_000n });
    world.clock.advance({ seconds: 10 });
    await conduct('a', { concurrency: 20, ...(how === 'handed on' ? { dispatcher: deaf() } : {}) });
    await until(() => expect(begun.map(({ id }) => id)).toContain(waited), 10);
    await pass(5);
    const reads = countReads(world);
    await pass(10);
    // Whoever looks for what has lost its owner reads it, too, now and then.
    expect(reads.delayed).toBeLessThan(100);
    expect(reads.documents).toBeLessThan(20_000);
    world.clock.advance({ seconds: 60 });
    await until(() => expect(begun.map(({ id }) => id)).toContain(later), 3);
    expect(begun).toHaveLength(3);
  });

  it('looks at none of it while its queue is paused', async () => {
    const { world, conduct, begun, until, pass, decide } = await muchIsDue({ name: 'Held' });
    await decide('default', { pause: { by: 'ann', since: 0n, reason: null } });
    await conduct('a', { dispatcher: deaf() });
    await pass(3);
    const reads = countReads(world);
    await pass(20);
    // That is who looks for what has lost its owner.
    expect(reads.delayed).toBeLessThan(40);
    expect(reads.waiting).toBeLessThan(10);
    expect(begun).toEqual([]);
    await decide('default', { pause: null });
    await until(() => expect(begun).toHaveLength(4), 3);
  });
});
