import fc from 'fast-check';
import { Redis } from 'ioredis';
import { describe, expect, it, vi } from 'vitest';
import { executionIdOf, messageIdOf, queueNameOf, queuePrefix } from '../../../src/adapters/bullmq/queue-names.ts';
import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import { isWorkflowName } from '../../../src/domain/names.ts';
import type { Line } from '../../../src/domain/work.ts';
import { collect, put } from '../../contract/fixtures.ts';
import { describeWithRedis, startRedis } from '../../servers/redis.ts';
import { createTaker, work } from './take-log.ts';

const anyLine = fc.record({ queue: fc.string(), capabilities: fc.array(fc.string()) });
const setOf = ({ queue, capabilities }: Line) => JSON.stringify([queue, ...[...new Set(capabilities)].sort()]);

describe('the names of queues', () => {
  it('are the same for the same line, and others for others', () => {
    fc.assert(
      fc.property(anyLine, anyLine, (one, other) => {
        expect(queueNameOf(one) === queueNameOf(other)).toBe(setOf(one) === setOf(other));
      }),
    );
    expect(queueNameOf({ queue: 'a', capabilities: ['y', 'x', 'y'] })).toBe(
      queueNameOf({ queue: 'a', capabilities: ['x', 'y'] }),
    );
    expect(queueNameOf({ queue: 'a', capabilities: [] })).not.toBe(queueNameOf({ queue: 'a', capabilities: [''] }));
  });

  it('are short, and such as BullMQ takes', () => {
    fc.assert(
      fc.property(anyLine, (line) => {
        expect(queueNameOf(line)).toMatch(/^[A-Za-z0-9_.-]{33,93}$/);
      }),
    );
  });

  it('lie where no workflow does', () => {
    expect(isWorkflowName(queuePrefix)).toBe(false);
  });
});

describe('the ids of messages', () => {
  it.each([1, 42, Number.MAX_SAFE_INTEGER])('lead back to the execution %d', (id) => {
    expect(executionIdOf(messageIdOf(id))).toBe(id);
  });

  it.each(['', '1', 'e-', 'e-1x', 'f-1', 'repeat:e-1'])('are not %j', (id) => {
    expect(executionIdOf(id)).toBeNull();
  });
});

describeWithRedis('a Redis that allows nothing dangerous', () => {
  it('hands work on all the same', async () => {
    const server = await startRedis();
    const redis = new Redis(server.url);
    await redis.call('ACL', 'SETUSER', 'managed', 'on', '>secret', '~*', '&*', '+@all', '-@admin', '-@dangerous');
    const { dispatcher, consumer, taken, problems } = createTaker({
      url: `redis://managed:secret@127.0.0.1:${server.port}`,
    });
    consumer.setRoom(1);
    for (const id of [1, 2]) await dispatcher.dispatch(work(id));
    await vi.waitFor(() => expect(taken).toEqual([1, 2]), 20_000);
    expect(problems).toEqual([]);
    redis.disconnect();
    await dispatcher.close();
    await server.stop();
  });
});

describeWithRedis('the keys of queues', () => {
  it('are nothing that is exported, adopted or pruned', async () => {
    const server = await startRedis();
    const redis = new Redis(server.url);
    const { upkeep, ...stores } = await createRedisStores({ url: server.url });
    await put({ upkeep, ...stores }, { name: 'wf1' });
    const exported = await collect(upkeep.exportAll());

    const { dispatcher, consumer, taken } = createTaker({ url: server.url, take: () => null });
    consumer.setRoom(1);
    for (const id of [1, 2]) await dispatcher.dispatch(work(id));
    await dispatcher.dispatch(work(3, { delayMilliseconds: 3_600_000 }));
    await vi.waitFor(() => expect(taken).toEqual([1]), 20_000);
    const queueKeys = await redis.keys(`${queuePrefix}:*`);
    expect(queueKeys.filter((key) => /:e-\d$/.test(key))).toHaveLength(3);

    expect(await collect(upkeep.exportAll())).toEqual(exported);
    expect(await collect(upkeep.foreignKeys())).toEqual(['wf1']);
    await upkeep.prune(1n << 60n, 1000);
    expect((await redis.keys(`${queuePrefix}:*`)).sort()).toEqual(queueKeys.sort());

    redis.disconnect();
    void dispatcher.close();
    await upkeep.close();
    await server.stop();
  });
});
