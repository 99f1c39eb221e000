import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { testApp } from '../../http/test-app.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../servers/redis.ts';

describeWithRedis('a change that is computed from what this process wrote last', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  /** A service whose reads of workflows are counted. */
  async function service(workflow: string) {
    let loads = 0;
    const openStores = async (): Promise<Stores> => {
      const stores = await createRedisStores({ url: server.url });
      const load: Stores['reader']['load'] = (name) => {
        loads += 1;
        return stores.reader.load(name);
      };
      return { ...stores, reader: { ...stores.reader, load } };
    };
    const app = await testApp({ openStores, cfg: { [workflow]: 'job1: {}\n' } });
    const loadsOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = loads;
      await work();
      return loads - before;
    };
    return { ...app, loadsOf };
  }

  it('needs no reading, and yields the windows that reading would', async () => {
    const { call, loadsOf } = await service('alone');
    await call('POST', '/load_cfg/alone');
    await call('POST', '/open_batch/alone');
    const opens: { from_date: string; batch_start: string; batch_id: number }[] = [];
    const loads = await loadsOf(async () => {
      for (let round = 0; round < 5; round += 1) {
        expect((await call('POST', '/close_batch/alone')).json).toMatchObject({ job1: { status: 'success' } });
        opens.push((await call('POST', '/open_batch/alone')).json.job1);
      }
    });
    expect(loads).toBe(0);
    for (const [place, { from_date: from, batch_id: id }] of opens.entries()) {
      if (place === 0) continue;
      expect(from).toBe(opens[place - 1]?.batch_start);
      expect(id).toBeGreaterThan(opens[place - 1]?.batch_id ?? 0);
    }
  });

  it('is computed again from what another process, or another program, wrote since', async () => {
    const one = await service('shared');
    const other = await service('shared');
    await one.call('POST', '/load_cfg/shared');
    const first = await one.call('POST', '/open_batch/shared');
    await one.call('POST', '/close_batch/shared');
    const second = await other.call('POST', '/open_batch/shared');
    expect(second.json.job1.from_date).toBe(first.json.job1.batch_start);
    // The one remembers a closed batch.
    expect(await one.call('POST', '/open_batch/shared?if_open=reject')).toMatchObject({ status: 409 });
    expect(await one.call('POST', `/close_batch/shared?batch_id=${first.json.job1.batch_id}`)).toMatchObject({
      status: 409,
    });
    const closed = await one.call('POST', `/close_batch/shared?batch_id=${second.json.job1.batch_id}`);
    expect(closed.json).toMatchObject({ job1: { status: 'success', batch_id: second.json.job1.batch_id } });
    const third = await one.call('POST', '/open_batch/shared');
    expect(third.json.job1.from_date).toBe(second.json.job1.batch_start);

    await one.call('POST', '/close_batch/shared');
    const client = new Redis(server.url);
    const stored = JSON.parse((await client.hget('shared', 'job1')) ?? '');
    const elsewhere = { ...stored, from_date: '2020-01-01T00:00:00', status: 'failed' };
    await client.hset('shared', 'job1', JSON.stringify(elsewhere));
    client.disconnect();
    expect((await one.call('POST', '/open_batch/shared')).json).toMatchObject({
      job1: { from_date: '2020-01-01T00:00:00.000000' },
    });
  });
});
