import { describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { documentChange, executionDocument } from '../../src/domain/execution-documents.ts';
import type { JobExecution } from '../../src/domain/execution.ts';
import { nanosecondsPerSecond } from '../../src/domain/time.ts';
import type { DocumentReader } from '../../src/ports/document-reader.ts';
import { createExecutionRecords } from '../../src/service/execution-records.ts';
import { createExecutions, type ExecutionFilter, listsByStart, placeOf } from '../../src/service/executions.ts';
import { executionOf } from '../domain/instance-of.ts';
import { at } from '../domain/scenario.ts';
import { createSettableClock } from '../settable-clock.ts';

const start = at('2026-11-01T00:00:00');
const second = (count: number): bigint => start + BigInt(count) * nanosecondsPerSecond;
const count = 1200;
/** A later execution may have the smaller id, and a start may be many executions'. */
const startOf = (id: number): bigint => second((id % 2 === 0 ? id - 1 : id + 1) - (id % 10 === 0 ? 1 : 0));

/** As many executions as there are seconds in twenty minutes, of which every third failed. */
async function history(others: readonly JobExecution[] = []) {
  const stores = await createMemoryStores({ clock: createSettableClock('2026-11-21T12:00:00') });
  const all = Array.from({ length: count }, (_item, index) => ({
    ...executionOf(index % 3 === 0 ? 'FAILED' : 'COMPLETED'),
    id: index + 1,
    startedAt: startOf(index + 1),
    queue: 'etl',
  }));
  await stores.store.commit({
    operation: { id: 'history', fingerprint: '', answer: null, keepSeconds: 60 },
    changes: [...all, ...others].map((execution) => documentChange(null, executionDocument(execution))),
    journal: [],
  });
  let read = 0;
  const documents: DocumentReader = {
    ...stores.documents,
    get: (keys) => {
      read += keys.length;
      return stores.documents.get(keys);
    },
  };
  const nothing = undefined as never;
  const executions = createExecutions({
    records: createExecutionRecords(documents),
    journal: stores.journal,
    commands: nothing,
    reader: nothing,
    jobs: nothing,
    conductors: nothing,
    stores: nothing,
    isGone: nothing,
    onChange: nothing,
    handingOver: nothing,
  });
  const any: ExecutionFilter = {
    status: null,
    jobName: null,
    instanceId: null,
    queue: null,
    startedAfter: null,
    startedBefore: null,
    beyond: null,
    limit: 7,
  };
  /** All pages of a list. */
  const idsOf = async (filter: Partial<ExecutionFilter>): Promise<number[]> => {
    const ids: number[] = [];
    const whole = { ...any, ...filter };
    for (let beyond: ExecutionFilter['beyond'] = null; ;) {
      const page = await executions.list({ ...whole, beyond });
      ids.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      if (last === undefined) return ids;
      beyond = placeOf(last, listsByStart(whole));
    }
  };
  return { all, idsOf, read: () => read };
}

describe('the list of executions', () => {
  it.each<[string, Partial<ExecutionFilter>]>([
    ['after', { startedAfter: second(1180) }],
    ['before', { startedBefore: second(20) }],
    ['between', { startedAfter: second(600), startedBefore: second(630) }],
    ['before an instant within a microsecond', { startedAfter: second(600), startedBefore: second(610) + 1n }],
    ['of those that failed', { startedAfter: second(600), startedBefore: second(660), status: 'FAILED' }],
    ['of an instance', { startedAfter: second(1190), instanceId: 7 }],
    ['of those that run', { startedAfter: second(1190), status: 'STARTED' }],
    ['of none', { startedAfter: second(600), startedBefore: second(600) }],
  ])('has those that started %s, each once, the latest first', async (_name, filter) => {
    const { all, idsOf } = await history();
    const expected = all.filter(
      ({ startedAt, status }) =>
        startedAt > (filter.startedAfter ?? 0n) &&
        startedAt < (filter.startedBefore ?? second(9999)) &&
        status === (filter.status ?? status),
    );
    const order = listsByStart({
      status: null,
      instanceId: null,
      queue: null,
      startedAfter: null,
      startedBefore: null,
      ...filter,
    })
      ? (one: { startedAt: bigint; id: number }, other: { startedAt: bigint; id: number }) =>
          Number(other.startedAt - one.startedAt) || other.id - one.id
      : (one: { id: number }, other: { id: number }) => other.id - one.id;
    expect(await idsOf(filter)).toEqual(expected.toSorted(order).map(({ id }) => id));
  });

  it('reads of those that started at other times none', async () => {
    const { idsOf, read } = await history();
    const ids = await idsOf({ startedAfter: second(20), startedBefore: second(30), limit: 100 });
    expect(ids).toHaveLength(9);
    // A page reads a hundred at a time; all that is older would be twelve such reads, and the empty page that ends it as many.
    expect(read()).toBeLessThanOrEqual(200);
  });

  it('has of a queue what waits or runs in it, and reads nothing of what is over', async () => {
    const live = [
      { ...executionOf('STARTING'), id: 2001, queue: 'etl', startedAt: null },
      { ...executionOf('STARTED'), id: 2002, queue: 'etl', startedAt: second(5000) },
      { ...executionOf('STARTED'), id: 2003, startedAt: second(5001) },
      { ...executionOf('STOPPING'), id: 2004, queue: 'etl', jobName: 'Other', startedAt: second(5002) },
    ];
    const { idsOf, read } = await history(live);
    expect(await idsOf({ queue: 'etl' })).toEqual([2004, 2002, 2001]);
    expect(await idsOf({ queue: 'default' })).toEqual([2003]);
    expect(await idsOf({ queue: 'etl', jobName: 'Other' })).toEqual([2004]);
    expect(await idsOf({ queue: 'etl', startedAfter: second(5000) })).toEqual([2004]);
    expect(read()).toBeLessThanOrEqual(40);
    // Of an instance all is read, in any filter.
    expect(await idsOf({ queue: 'etl', instanceId: 7 })).toEqual([2004, 2002, 2001]);
  });
});
