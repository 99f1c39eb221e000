import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { change, commit, entry, loaded, put, record } from '../../contract/fixtures.ts';
import { describeWithRedis, startRedis, type RedisServer } from '../../servers/redis.ts';
import { startTcpProxy, type TcpProxy } from '../../servers/tcp-proxy.ts';

const journalOf = { workflow: null, direction: 'ascending', beyond: null, limit: 1000 } as const;

describeWithRedis('Redis behind a network that fails', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let stores: Stores;
  /** Sees the server as it is, by another way. */
  let witness: Stores;

  beforeEach(async () => {
    server = await startRedis();
    proxy = await startTcpProxy(server.port);
    // Patient enough for a busy machine, since a repeated commit needs its time.
    stores = await createRedisStores({ url: `redis://127.0.0.1:${proxy.port}`, silenceMs: 500, deadlineMs: 20_000 });
    witness = await createRedisStores({ url: server.url });
    // The server knows the script from here on, so that the first reply that is lost is the one of the effect.
    await witness.store.commit(commit([]));
  });

  afterEach(async () => {
    await stores.upkeep.close();
    await witness.upkeep.close();
    await proxy.close();
    await server.stop();
  });

  async function hasty(): Promise<Stores> {
    await stores.upkeep.close();
    stores = await createRedisStores({ url: `redis://127.0.0.1:${proxy.port}`, silenceMs: 100, deadlineMs: 400 });
    return stores;
  }

  function opening(number: number, name = 'wf1') {
    const records = [record(number, { job1: loaded('2026-01-01', '2026-01-02') })];
    return commit([change({ name, ledger: `{"revision":${number}}`, records })], {
      journal: [entry({ workflow: name, batchId: number })],
    });
  }

  it('commits once, and says so, when the reply is lost after the effect', async () => {
    for (let run = 1; run <= 50; run++) {
      const name = `wf${run}`;
      proxy.mode = 'cut-reply';
      const outcome = await stores.store.commit(opening(run, name));
      expect(proxy.lost).toBe(run);
      const entries = await witness.journal.read({ ...journalOf, workflow: name });
      expect(outcome).toEqual({ kind: 'committed', sequences: entries.map(({ sequence }) => sequence) });
      expect(entries).toHaveLength(1);
    }
  });

  it('commits each of many once when the connection they share is cut again and again', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `wf${index}`);
    const outcomes = names.map((name, index) => {
      if (index % 20 === 0) setImmediate(() => (proxy.mode = 'cut-reply'));
      return stores.store.commit(opening(index, name));
    });
    for (const outcome of await Promise.all(outcomes)) expect(outcome.kind).toBe('committed');
    const entries = await witness.journal.read(journalOf);
    expect(entries.map((line) => line.entry.workflow ?? '').sort()).toEqual(names.toSorted());
  });

  it('reads on when a reply is lost', async () => {
    await put(witness, { name: 'wf1' });
    proxy.mode = 'cut-reply';
    expect((await stores.reader.load('wf1')).head).toEqual(new Map([['job1', '{"rows":1}']]));
    expect(proxy.lost).toBe(1);
  });

  it('says that the outcome is unknown when it was done and no reply comes, and the same again has no second effect', async () => {
    const { store } = await hasty();
    proxy.mode = 'swallow-replies';
    const asked = opening(5);
    await expect(store.commit(asked)).rejects.toMatchObject({
      code: 'store-unavailable',
      facts: { outcome_unknown: true },
    });
    proxy.mode = 'pass';
    proxy.resetAll();
    expect((await witness.reader.peek('wf1')).ledger).toBe('{"revision":5}');
    await vi.waitFor(async () => expect(await store.commit(asked)).toMatchObject({ kind: 'repeated' }), {
      timeout: 20_000,
    });
    expect(await witness.journal.read(journalOf)).toHaveLength(1);
  });

  it('says that the outcome is unknown when the request itself was lost, and does it when asked again', async () => {
    const { store } = await hasty();
    proxy.mode = 'blackhole';
    const asked = opening(5);
    await expect(store.commit(asked)).rejects.toMatchObject({
      code: 'store-unavailable',
      facts: { outcome_unknown: true },
    });
    expect(await witness.reader.peek('wf1')).toEqual({ head: null, ledger: null });
    proxy.mode = 'pass';
    proxy.resetAll();
    await vi.waitFor(
      async () =>
        expect(await store.commit(asked)).toMatchObject({ kind: expect.stringMatching(/committed|repeated/) }),
      { timeout: 20_000 },
    );
    expect(await witness.journal.read(journalOf)).toHaveLength(1);
  });

  it.each(['blackhole', 'reset', 'swallow-replies'] as const)(
    'settles reads and pings in time while the network is %s, and comes back',
    async (mode) => {
      const { reader, upkeep, journal, clock } = await hasty();
      proxy.mode = mode;
      for (const call of [() => reader.load('wf1'), () => upkeep.ping(), () => journal.bounds(), () => clock.now()]) {
        await expect(call()).rejects.toMatchObject({ code: 'store-unavailable', facts: {} });
      }
      proxy.mode = 'pass';
      proxy.resetAll();
      await vi.waitFor(() => upkeep.ping(), { timeout: 20_000 });
    },
  );

  it('tells that the server is away when calls fail for it, and that it answers again, once', async () => {
    const heard: unknown[] = [];
    const outage = { met: (problem: unknown) => heard.push(problem), over: () => heard.push('over') };
    await stores.upkeep.close();
    stores = await createRedisStores({
      url: `redis://127.0.0.1:${proxy.port}`,
      silenceMs: 100,
      deadlineMs: 400,
      outage,
    });
    const { upkeep } = stores;
    await upkeep.ping();
    // What is mended within a call is none.
    proxy.mode = 'cut-reply';
    await upkeep.ping();
    expect(heard).toEqual([]);
    proxy.mode = 'reset';
    proxy.resetAll();
    await expect(upkeep.ping()).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(upkeep.ping()).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(heard).toMatchObject([{ code: 'store-unavailable' }, { code: 'store-unavailable' }]);
    proxy.mode = 'pass';
    await vi.waitFor(() => upkeep.ping(), { timeout: 20_000 });
    await upkeep.ping();
    expect(heard.filter((each) => each === 'over')).toHaveLength(1);
    expect(heard.at(-1)).toBe('over');
  });

  it('never sends what was refused for want of a connection', async () => {
    const { store } = await hasty();
    proxy.mode = 'reset';
    await vi.waitFor(
      () => expect(store.commit(opening(5))).rejects.toMatchObject({ code: 'store-unavailable', facts: {} }),
      { timeout: 20_000 },
    );
    expect(await witness.reader.peek('wf1')).toEqual({ head: null, ledger: null });
  });

  it('goes on telling subscribers after their connection broke', async () => {
    const told = vi.fn();
    const end = stores.journal.subscribe(told);
    await vi.waitFor(() => expect(told).toHaveBeenCalled(), { timeout: 20_000 });
    proxy.resetAll();
    told.mockClear();
    await vi.waitFor(
      async () => {
        await witness.store.commit(commit([], { journal: [entry()] }));
        expect(told.mock.calls.length).toBeGreaterThan(2);
      },
      { timeout: 20_000, interval: 50 },
    );
    end();
  });
});
