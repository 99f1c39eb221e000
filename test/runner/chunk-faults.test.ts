import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { decodeSkipped } from '../../src/domain/skipped-text.ts';
import { skippedKeyOfMember } from '../../src/domain/execution-documents.ts';
import { ItemError, type ItemReader } from '../../src/runner/items/item.ts';
import { functionWriter } from '../../src/runner/items/memory-writers.ts';
import { iterableReader, listReader } from '../../src/runner/items/iterable-reader.ts';
import type { ChunkBody } from '../../src/runner/step-body.ts';
import { chunkBody, createWorld, jobOf, type Outcome, type World } from './world.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_item, index) => index + 1);
const skip = (limit: number, isSkippable: (error: unknown) => boolean = () => true): ChunkBody['skip'] => ({
  limit,
  isSkippable,
});
const retry = (limit: number): ChunkBody['retry'] => ({ limit, isRetryable: () => true, delaySeconds: 1 });

describe('faults of a chunk step', () => {
  let world: World;
  let written: number[];
  let calls: { items: readonly number[]; chunkId: string }[];
  beforeEach(async () => {
    world = await createWorld();
    written = [];
    calls = [];
  });
  afterEach(() => world.close());

  const writer = (fails: (items: readonly number[]) => boolean = () => false) =>
    functionWriter<number>((items, { chunkId }) => {
      calls.push({ items: [...items], chunkId });
      if (fails(items)) throw new Error(`cannot write ${items.join(',')}`);
      written.push(...items);
    });

  async function run(body: Partial<ChunkBody>): Promise<Outcome> {
    return world.runNew(
      jobOf([{ name: 'Load', body: chunkBody({ reader: listReader(numbers(20)), writer: writer(), ...body }) }]),
    );
  }

  async function skippedOf(executionId: number): Promise<unknown[]> {
    const { documents } = world.stores;
    const page = {
      index: `skipped:${executionId}`,
      prefix: '',
      direction: 'ascending',
      beyond: null,
      limit: 100,
    } as const;
    const members = await documents.scan(page);
    const found = await documents.get(members.map((member) => skippedKeyOfMember(executionId, member)));
    return found.map((document) => decodeSkipped(document?.text ?? ''));
  }

  it('leaves out items that cannot be processed, and keeps them', async () => {
    const bad = (item: unknown): unknown => {
      if ((item as number) % 7 === 0) throw new RangeError(`no ${String(item)}`);
      return item;
    };
    const { status, steps, execution } = await run({
      processor: bad,
      skip: skip(2, (error) => error instanceof RangeError),
    });
    expect(status).toBe('COMPLETED');
    expect(steps[0]?.counters).toMatchObject({ read: 20, write: 18, processSkip: 2, commit: 2, rollback: 0 });
    const same = { executionId: 1, stepName: 'Load', phase: 'process', types: [], output: null, obstacle: null };
    const notReplayed = { triedBy: null, replayedBy: null };
    expect(await skippedOf(execution.id)).toEqual([
      { ...same, ...notReplayed, number: 1, item: 7, position: 'item 7', error: 'no 7' },
      { ...same, ...notReplayed, number: 2, item: 14, position: 'item 14', error: 'no 14' },
    ]);
  });

  it('keeps them in the order of the source, whatever their phases', async () => {
    const bad = (item: unknown): unknown => {
      if (item === 5) throw new RangeError('no 5');
      return item;
    };
    const { execution } = await run({ processor: bad, writer: writer((items) => items.includes(2)), skip: skip(2) });
    expect(await skippedOf(execution.id)).toMatchObject([
      { number: 1, phase: 'write', item: 2, position: 'item 2' },
      { number: 2, phase: 'process', item: 5, position: 'item 5' },
    ]);
  });

  it('keeps an item as it was read, whatever the processor has done to it', async () => {
    const rows = (): { qty: string; total?: number }[] => ['1', 'three', '4'].map((qty) => ({ qty }));
    const { execution } = await run({
      reader: listReader(rows()),
      processor: (item) => {
        const row = item as { qty: unknown; total?: number };
        row.qty = Number(row.qty);
        if (Number.isNaN(row.qty)) throw new TypeError('qty is no number');
        return Object.assign(row, { total: 5 * (row.qty as number) });
      },
      writer: functionWriter<{ qty: number }>((items) => {
        if (items.some(({ qty }) => qty === 4)) throw new Error('4 is refused');
      }),
      skip: skip(2),
    });
    expect(await skippedOf(execution.id)).toMatchObject([
      { phase: 'process', item: { qty: 'three' }, output: null },
      { phase: 'write', item: { qty: '4' }, output: { qty: 4, total: 20 } },
    ]);
  });

  it('fails beyond the limit, and for an error that may not be skipped; what was committed stays', async () => {
    const bad = (item: unknown): unknown => {
      if ((item as number) % 7 === 0) throw new RangeError(`no ${String(item)}`);
      return item;
    };
    const beyond = await run({ processor: bad, skip: skip(1) });
    expect(beyond.execution.exitMessage).toBe('The skip limit of 1 is used up; the next error was: no 14');
    expect(beyond.steps[0]?.counters).toMatchObject({ read: 10, processSkip: 1, commit: 1 });
    const other = await world.runNew(
      jobOf(
        [
          {
            name: 'Load',
            body: chunkBody({
              reader: listReader([7]),
              writer: writer(),
              processor: bad,
              skip: skip(9, (error) => error instanceof TypeError),
            }),
          },
        ],
        { name: 'Other' },
      ),
    );
    expect(other.execution).toMatchObject({ status: 'FAILED', exitMessage: 'no 7' });
  });

  it('counts what was left out before it was handed on: whoever goes on has no new limit', async () => {
    const handBack = new AbortController();
    const processor = (item: unknown): unknown => {
      if (item === 12 && !handBack.signal.aborted) handBack.abort();
      if ([3, 7, 15].includes(item as number)) throw new RangeError(`no ${String(item)}`);
      return item;
    };
    const body = chunkBody({ reader: listReader(numbers(20)), writer: writer(), processor, skip: skip(2) });
    const job = jobOf([{ name: 'Load', body }]);
    const id = await world.launch(job);
    expect(await world.run(id, job, handBack.signal)).toBe('handed-back');
    expect(await world.run(id, job)).toBe('ended');
    const { status, steps } = await world.outcome(id);
    expect(status).toBe('FAILED');
    expect(steps[0]?.exitMessage).toBe('The skip limit of 2 is used up; the next error was: no 15');
    expect(steps[0]?.counters).toMatchObject({ read: 10, processSkip: 2, commit: 1 });
  });

  it('leaves out what a reader says that it cannot read; any other error of a reader ends the step', async () => {
    const reader = (error: () => Error) => (): ItemReader<unknown> => {
      let next = 0;
      return {
        open: async (checkpoint) => void (next = (checkpoint as number | null) ?? 0),
        async read() {
          next += 1;
          if (next === 3) throw error();
          return next > 5 ? null : next;
        },
        checkpoint: () => next,
        close: async () => {},
      };
    };
    const badLine = (): Error => new ItemError('bad quotes', { position: 'line 3', item: 'a"b' });
    const left = await run({ reader: reader(badLine), skip: skip(1), chunkSize: 2 });
    expect(written).toEqual([1, 2, 4, 5]);
    expect(left.steps[0]?.counters).toMatchObject({ read: 4, readSkip: 1, commit: 2 });
    expect(await skippedOf(left.execution.id)).toMatchObject([
      { phase: 'read', position: 'line 3', item: 'a"b', error: 'bad quotes' },
    ]);
    const broken = await world.runNew(
      jobOf(
        [
          {
            name: 'Load',
            body: chunkBody({ reader: reader(() => new Error('disk')), writer: writer(), skip: skip(9) }),
          },
        ],
        { name: 'Other' },
      ),
    );
    expect(broken.execution).toMatchObject({ status: 'FAILED', exitMessage: 'disk' });
  });

  it('never takes a generator that has thrown for one that has ended', async () => {
    function* broken(): Generator<number> {
      yield* numbers(15);
      throw new Error('the source broke off');
    }
    const outcome = await run({ reader: iterableReader(broken), retry: retry(3), skip: skip(5) });
    expect(outcome).toMatchObject({ status: 'FAILED' });
    expect(outcome.steps[0]?.exitMessage).toContain('the source broke off');
  });

  it('tries an operation again before it gives up on the item', async () => {
    const failures = new Map([
      [4, 2],
      [9, 5],
    ]);
    const flaky = (item: unknown): unknown => {
      const left = failures.get(item as number) ?? 0;
      failures.set(item as number, left - 1);
      if (left > 0) throw new Error(`flaky ${String(item)}`);
      return item;
    };
    const { steps } = await run({ processor: flaky, retry: retry(3), skip: skip(1) });
    expect(steps[0]?.counters).toMatchObject({ retry: 4, processSkip: 1, write: 19 });
  });

  it('writes a chunk that failed one item at a time, each under an id of its own, and leaves out the bad one', async () => {
    const { status, steps, execution } = await run({ writer: writer((items) => items.includes(13)), skip: skip(1) });
    expect(status).toBe('COMPLETED');
    expect(written).toEqual(numbers(20).filter((item) => item !== 13));
    expect(steps[0]?.counters).toMatchObject({ read: 20, write: 19, writeSkip: 1, commit: 2, rollback: 2 });
    expect(calls.map(({ items }) => items.length)).toEqual([10, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(new Set(calls.map(({ chunkId }) => chunkId)).size).toBe(12);
    expect(await skippedOf(execution.id)).toMatchObject([
      { phase: 'write', item: 13, position: 'item 13', error: 'cannot write 13' },
    ]);
  });

  it('neither takes apart nor leaves out what may be written all the same: it comes again under its id', async () => {
    let isLost = true;
    const losing = functionWriter<number>((items, { chunkId }) => {
      calls.push({ items: [...items], chunkId });
      if (isLost) throw Object.assign(new Error('the connection is lost'), { isUncertain: true });
    });
    const lost = await run({ writer: losing, skip: skip(100) });
    expect(lost).toMatchObject({ status: 'FAILED', steps: [{ counters: { writeSkip: 0 } }] });
    isLost = false;
    expect((await run({ writer: losing, skip: skip(100) })).status).toBe('COMPLETED');
    expect(calls.map(({ items }) => items.length)).toEqual([10, 10, 10]);
    expect(calls[1]).toEqual(calls[0]);
  });

  it('goes on one item at a time when it fails in the middle of that, and never writes the whole again', async () => {
    let crashes = true;
    const body = chunkBody({
      reader: listReader(numbers(4)),
      writer: writer((items) => items.includes(3) && (items.length > 1 || crashes)),
      skip: { limit: 9, isSkippable: () => calls.length === 1 },
    });
    const job = jobOf([{ name: 'Load', body }]);
    expect((await world.runNew(job)).status).toBe('FAILED');
    crashes = false;
    expect((await world.runNew(job)).status).toBe('COMPLETED');
    expect(calls.filter(({ items }) => items.length > 1)).toHaveLength(1);
    const ids = new Map(
      calls.filter(({ items }) => items.length === 1).map(({ items, chunkId }) => [items[0], chunkId]),
    );
    expect([...ids.values()]).toEqual([...new Set(calls.slice(1).map(({ chunkId }) => chunkId))]);
    expect([...ids.keys()]).toEqual([1, 2, 3, 4]);
  });

  it('counts what was tried in vain when it fails', async () => {
    const { steps, execution } = await run({ writer: writer((items) => items.includes(11)), retry: retry(3) });
    expect(execution.exitMessage).toMatch(/^cannot write 11,/);
    expect(steps[0]?.counters).toMatchObject({ read: 10, write: 10, commit: 1, retry: 2, rollback: 3 });
  });

  it('closes reader and writer, whatever happened', async () => {
    const closed: string[] = [];
    const body = chunkBody({
      reader: () => ({
        open: async () => {},
        read: async () => 1,
        checkpoint: () => null,
        close: async () => void closed.push('reader'),
      }),
      writer: () => ({
        open: async () => {},
        write: async () => {
          throw new Error('full');
        },
        checkpoint: () => null,
        close: async () => {
          closed.push('writer');
          throw new Error('cannot close');
        },
      }),
    });
    const { execution } = await world.runNew(jobOf([{ name: 'Load', body }]));
    expect(execution.exitMessage).toBe('full');
    expect(closed).toEqual(['writer', 'reader']);
  });

  it('has other chunk ids in a forced rerun, the same in a restart', async () => {
    let fails = true;
    const body = chunkBody({ reader: listReader(numbers(2)), writer: writer(() => fails), chunkSize: 2 });
    const job = jobOf([{ name: 'Load', body }]);
    await world.runNew(job);
    fails = false;
    await world.runNew(job);
    await world.runNew(job, { forced: true });
    const [failed, restarted, forced] = calls.map(({ chunkId }) => chunkId);
    expect(restarted).toBe(failed);
    expect(forced).not.toBe(failed);
  });

  it('has other chunk ids in another store, which counts from 1, too', async () => {
    await run({});
    const other = await createWorld();
    await other.runNew(
      jobOf([{ name: 'Load', body: chunkBody({ reader: listReader(numbers(20)), writer: writer() }) }]),
    );
    await other.close();
    expect(calls).toHaveLength(4);
    expect(new Set(calls.map(({ chunkId }) => chunkId)).size).toBe(4);
  });

  it('writes the chunk that may be in the target already as it was, although the chunk size has changed', async () => {
    let dies = true;
    const dying = functionWriter<number>((items, { chunkId }) => {
      calls.push({ items: [...items], chunkId });
      // It is written, and nobody is told.
      if (dies) throw new Error('the answer was lost');
    });
    await run({ chunkSize: 10, writer: dying });
    dies = false;
    await run({ chunkSize: 4, writer: dying });
    expect(calls.map(({ items }) => items.length)).toEqual([10, 10, 4, 4, 2]);
    expect(calls[1]).toEqual(calls[0]);
  });

  it('refuses a checkpoint that is no JSON', async () => {
    const reader = (): ItemReader<unknown> => ({
      open: async () => {},
      read: async () => 1,
      checkpoint: () => new Date(0) as never,
      close: async () => {},
    });
    const { execution } = await run({ reader });
    expect(execution.exitMessage).toBe(
      'the checkpoint of the reader must be JSON (text, number, boolean, null, array or plain object), not a Date.',
    );
  });
});
