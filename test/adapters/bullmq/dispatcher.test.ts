import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { queueNameOf } from '../../../src/adapters/bullmq/queue-names.ts';
import type { Line } from '../../../src/domain/work.ts';
import { describeWithRedis, startRedis, type RedisServer } from '../../servers/redis.ts';
import { startTcpProxy, type TcpProxy } from '../../servers/tcp-proxy.ts';
import { createTaker, over, plainLine, type Taker, type TakerOptions, work } from './take-log.ts';

const gpuLine: Line = { queue: 'default', capabilities: ['gpu'] };
const nightLine: Line = { queue: 'night', capabilities: [] };
const hour = 3_600_000;
const soon = { timeout: 20_000, interval: 10 };
const hold = () => null;

describeWithRedis('work that is handed on', () => {
  let server: RedisServer;
  let redis: Redis;
  const takers: Taker[] = [];
  const proxies: TcpProxy[] = [];

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });

  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  beforeEach(() => redis.flushall());

  afterEach(async () => {
    for (const { held, answer } of takers) for (const id of held) answer(id);
    await Promise.all(takers.splice(0).map(({ dispatcher }) => dispatcher.close()));
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
    expect(await redis.keys('batchy:queue:*:failed')).toEqual([]);
  });

  function taker(options: Partial<TakerOptions> = {}): Taker {
    const made = createTaker({ url: server.url, ...options });
    takers.push(made);
    return made;
  }

  /** One that can be cut off as if its machine were. */
  async function remoteTaker(options: Partial<TakerOptions>): Promise<{ taker: Taker; proxy: TcpProxy }> {
    const proxy = await startTcpProxy(server.port);
    proxies.push(proxy);
    return { proxy, taker: taker({ url: `redis://127.0.0.1:${proxy.port}`, silenceMs: 500, ...options }) };
  }

  /** The ids of messages, in whatever state. */
  const messages = async (): Promise<string[]> =>
    (await redis.keys('batchy:queue:*:e-*')).map((key) => key.replace(/^.*:(e-\d+.*)$/, '$1')).sort();
  const stateOf = (line: Line, kind: string) => `batchy:queue:${queueNameOf(line)}:${kind}`;

  async function hasBeenPutBack(line: Line, id: number): Promise<void> {
    expect(await redis.hget(stateOf(line, `e-${id}`), 'ats')).toBe('1');
    expect(await redis.zscore(stateOf(line, 'prioritized'), `e-${id}`)).not.toBeNull();
  }

  it('comes by priority, and in its order within one', async () => {
    const { dispatcher, consumer, taken } = taker();
    await dispatcher.dispatch(work(1, { priority: 'very_low' }));
    for (const id of [2, 3, 4]) await dispatcher.dispatch(work(id));
    await dispatcher.dispatch(work(5, { priority: 'low' }));
    await dispatcher.dispatch(work(6, { priority: 'very_high' }));
    await dispatcher.dispatch(work(7, { priority: 'high' }));
    consumer.setRoom(1);
    await vi.waitFor(() => expect(taken).toEqual([6, 7, 2, 3, 4, 5, 1]), soon);
    await vi.waitFor(async () => expect(await messages()).toEqual([]), soon);
  });

  it('does not come before its time, and nothing waits for it', async () => {
    const { dispatcher, consumer, taken } = taker();
    consumer.setRoom(1);
    await dispatcher.dispatch(work(1, { delayMilliseconds: 300, priority: 'very_high' }));
    await dispatcher.dispatch(work(2, { delayMilliseconds: hour }));
    await dispatcher.dispatch(work(3));
    await vi.waitFor(() => expect(taken).toEqual([3, 1]), soon);
    expect(await messages()).toEqual(['e-2']);
  });

  it('comes once, however often it was handed on while it waits or is with somebody; and again afterwards', async () => {
    const { dispatcher, consumer, taken, answer } = taker({ take: hold });
    await dispatcher.dispatch(work(1));
    await dispatcher.dispatch(work(1));
    consumer.setRoom(1);
    await vi.waitFor(() => expect(taken).toEqual([1]), soon);
    await dispatcher.dispatch(work(1));
    await dispatcher.dispatch(work(2));
    answer(1);
    await vi.waitFor(() => expect(taken).toEqual([1, 2]), soon);
    await vi.waitFor(async () => expect(await messages()).toEqual(['e-2', 'e-2:lock']), soon);
    await dispatcher.dispatch(work(1));
    answer(2);
    await vi.waitFor(() => expect(taken).toEqual([1, 2, 1]), soon);
  });

  it('is shared by all who have room, each handed to one', async () => {
    const [one, two] = [taker({ take: hold }), taker({ take: hold })];
    for (const id of [1, 2, 3, 4, 5]) await one.dispatcher.dispatch(work(id));
    for (const { consumer } of [one, two]) consumer.setRoom(2);
    await vi.waitFor(() => expect([one.held.size, two.held.size]).toEqual([2, 2]), soon);
    expect(new Set([...one.taken, ...two.taken])).toEqual(new Set([1, 2, 3, 4]));
    two.answer(two.taken[0] ?? 0);
    await vi.waitFor(() => expect(two.taken[2]).toBe(5), soon);
  });

  it('never is more than there is room for, over all lines together', async () => {
    const lines = [plainLine, gpuLine, nightLine];
    const { dispatcher, consumer, taken, held, answer } = taker({ lines, take: hold });
    const ids = lines.flatMap((_line, index) => [1, 2, 3, 4].map((id) => index * 10 + id));
    for (const id of ids) await dispatcher.dispatch(work(id, lines[Math.floor(id / 10)]));
    consumer.setRoom(2);
    for (let answered = 0; answered < ids.length; answered++) {
      await vi.waitFor(() => expect(taken.length).toBe(Math.min(ids.length, answered + 2)), soon);
      answer(taken[answered] ?? 0);
    }
    expect(new Set(taken)).toEqual(new Set(ids));
    expect(held.size).toBe(0);
  });

  it('of a line that found no room is next, before more of the line that has it', async () => {
    const { dispatcher, consumer, taken, answer } = taker({ lines: [plainLine, gpuLine], take: hold });
    consumer.setRoom(1);
    await dispatcher.dispatch(work(11, gpuLine));
    await vi.waitFor(() => expect(taken).toEqual([11]), soon);
    for (const id of [12, 13]) await dispatcher.dispatch(work(id, gpuLine));
    await dispatcher.dispatch(work(1));
    await vi.waitFor(() => hasBeenPutBack(plainLine, 1), soon);
    answer(11);
    await vi.waitFor(() => expect(taken).toEqual([11, 1]), soon);
    answer(1);
    await vi.waitFor(() => expect(taken).toEqual([11, 1, 12]), soon);
  });

  it('that found no room here goes to who has room, in its place', async () => {
    const full = taker({ lines: [plainLine, gpuLine], take: hold });
    full.consumer.setRoom(1);
    await full.dispatcher.dispatch(work(1, gpuLine));
    await vi.waitFor(() => expect(full.taken).toEqual([1]), soon);
    for (const id of [2, 3]) await full.dispatcher.dispatch(work(id));
    await vi.waitFor(() => hasBeenPutBack(plainLine, 2), soon);
    const free = taker();
    free.consumer.setRoom(1);
    await vi.waitFor(() => expect(free.taken).toEqual([2, 3]), soon);
    expect(full.taken).toEqual([1]);
  });

  it('comes now where it is overdue, however long a clock that was wrong has put it off', async () => {
    const answers = [{ kind: 'later', milliseconds: hour } as const];
    const { dispatcher, consumer, taken } = taker({ take: () => answers.shift() ?? over });
    await dispatcher.dispatch(work(1));
    consumer.setRoom(1);
    const isPutOff = async () => (await redis.zscore(stateOf(plainLine, 'delayed'), 'e-1')) !== null;
    await vi.waitFor(async () => expect(await isPutOff()).toBe(true), soon);
    await dispatcher.dispatch(work(1));
    expect(await isPutOff()).toBe(true);
    await dispatcher.dispatch(work(1), true);
    await vi.waitFor(() => expect(taken).toEqual([1, 1]), soon);
    await vi.waitFor(async () => expect(await messages()).toEqual([]), soon);
    await dispatcher.dispatch(work(2), true);
    await vi.waitFor(() => expect(taken).toEqual([1, 1, 2]), soon);
  });

  it('may come again later, and at once to another', async () => {
    const answers = [{ kind: 'later', milliseconds: 50 } as const, null];
    const one = taker({ take: () => answers.shift() ?? null });
    await one.dispatcher.dispatch(work(1));
    one.consumer.setRoom(1);
    await vi.waitFor(() => expect([...one.held]).toEqual([1]), soon);
    expect(one.taken).toEqual([1, 1]);
    const two = taker();
    two.consumer.setRoom(1);
    one.consumer.setRoom(0);
    one.answer(1, { kind: 'later', milliseconds: 0 });
    await vi.waitFor(() => expect(two.taken).toEqual([1]), soon);
    expect(one.taken).toEqual([1, 1]);
    expect(one.problems).toEqual([]);
  });

  it('comes again where taking it failed, and that is told', async () => {
    let fails = true;
    const { dispatcher, consumer, taken, problems } = taker({
      take: () => {
        if (!fails) return over;
        fails = false;
        throw new Error('no such luck');
      },
    });
    consumer.setRoom(1);
    await dispatcher.dispatch(work(1));
    await vi.waitFor(() => expect(taken).toEqual([1, 1]), soon);
    expect(problems).toEqual([new Error('no such luck')]);
    await vi.waitFor(async () => expect(await messages()).toEqual([]), soon);
  });

  it('is handed to others when who had it is gone, as often as that happens', async () => {
    const dying = { take: hold, lockMs: 500, stalledMs: 200 };
    const gone = [await remoteTaker(dying), await remoteTaker(dying), await remoteTaker(dying)];
    const last = taker(dying);
    await last.dispatcher.dispatch(work(1));
    for (const { taker: each, proxy } of gone) {
      each.consumer.setRoom(1);
      await vi.waitFor(() => expect(each.taken).toEqual([1]), soon);
      proxy.mode = 'blackhole';
    }
    last.consumer.setRoom(1);
    await vi.waitFor(() => expect(last.taken).toEqual([1]), soon);
    // What those have to say of it comes too late.
    for (const { taker: each, proxy } of gone) {
      proxy.mode = 'pass';
      proxy.resetAll();
      each.answer(1);
      await each.consumer.stop();
    }
    expect(await messages()).toEqual(['e-1', 'e-1:lock']);
    last.answer(1);
    await vi.waitFor(async () => expect(await messages()).toEqual([]), soon);
    expect(last.problems).toEqual([]);
  });

  it('is left to others by who stops, once what is there was answered for', async () => {
    const one = taker({ take: hold });
    one.consumer.setRoom(3);
    await one.dispatcher.dispatch(work(1));
    await one.dispatcher.dispatch(work(2));
    await vi.waitFor(() => expect(one.taken).toEqual([1, 2]), soon);
    const onStopped = vi.fn<() => void>();
    const stopping = one.consumer.stop().then(onStopped);
    one.consumer.setRoom(3);
    await one.dispatcher.dispatch(work(3));
    const two = taker();
    two.consumer.setRoom(1);
    await vi.waitFor(() => expect(two.taken).toEqual([3]), soon);
    one.answer(1, { kind: 'later', milliseconds: 0 });
    await vi.waitFor(() => expect(two.taken).toEqual([3, 1]), soon);
    expect(onStopped).not.toHaveBeenCalled();
    one.answer(2);
    await stopping;
    expect(one.taken).toEqual([1, 2]);
    await vi.waitFor(async () => expect(await messages()).toEqual([]), soon);
  });
});
