import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { describeWithRedis, startRedis, type RedisServer } from '../../servers/redis.ts';
import { startTcpProxy, type TcpProxy } from '../../servers/tcp-proxy.ts';
import { createTaker, plainLine, type Taker, type TakerOptions, work } from './take-log.ts';

const soon = { timeout: 20_000, interval: 10 };
const lines = [plainLine, { queue: 'default', capabilities: ['gpu'] }, { queue: 'night', capabilities: [] }];

describeWithRedis('queues whose Redis goes away', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let taker: Taker;

  beforeEach(async () => {
    server = await startRedis();
    proxy = await startTcpProxy(server.port);
  });

  afterEach(async () => {
    for (const id of taker.held) taker.answer(id);
    await taker.dispatcher.close();
    await proxy.close();
    await server.stop();
  });

  function start(options: Partial<TakerOptions> = {}): Taker {
    taker = createTaker({ url: server.url, lines, take: () => null, deadlineMs: 500, silenceMs: 300, ...options });
    return taker;
  }

  it.each(['kill', 'stop of the process'] as const)('are used again after a %s, and it is told once', async (how) => {
    const { dispatcher, consumer, taken, problems, answer } = start();
    consumer.setRoom(10);
    await dispatcher.dispatch(work(1));
    await dispatcher.dispatch(work(2, lines[2]));
    await vi.waitFor(() => expect(new Set(taken)).toEqual(new Set([1, 2])), soon);
    if (how === 'kill') await server.kill();
    else process.kill(server.pid ?? 0, 'SIGSTOP');
    await expect(dispatcher.dispatch(work(3))).rejects.toMatchObject({
      code: 'store-unavailable',
      detail: expect.stringContaining(`127.0.0.1:${server.port}`),
    });
    // Retries go on meanwhile.
    await vi.waitFor(() => expect(problems.length).toBeGreaterThan(0), soon);
    answer(1, { kind: 'later', milliseconds: 1 });
    await expect(dispatcher.dispatch(work(3))).rejects.toMatchObject({ code: 'store-unavailable' });
    if (how === 'kill') await server.restart();
    else process.kill(server.pid ?? 0, 'SIGCONT');
    for (const [index, line] of lines.entries())
      await vi.waitFor(() => dispatcher.dispatch(work(10 + index, line)), soon);
    await vi.waitFor(() => expect(taken).toEqual(expect.arrayContaining([10, 11, 12])), soon);
    await vi.waitFor(() => expect(taken.filter((id) => id === 1)).toHaveLength(2), soon);
    expect(taken.filter((id) => id === 2)).toHaveLength(1);
    expect(problems).toHaveLength(1);
  });

  it('are used although it was away at first', async () => {
    await server.kill();
    const heard: string[] = [];
    const { dispatcher, consumer, taken, problems } = start({
      outage: { met: () => heard.push('met'), over: () => heard.push('over') },
    });
    consumer.setRoom(1);
    await expect(dispatcher.dispatch(work(1))).rejects.toMatchObject({ code: 'store-unavailable' });
    await server.restart();
    await vi.waitFor(() => dispatcher.dispatch(work(2)), soon);
    await vi.waitFor(() => expect(taken).toEqual([2]), soon);
    // Where somebody listens, who consumes is not told.
    expect([heard[0], heard.at(-1), problems]).toEqual(['met', 'over', []]);
  });

  it('have lost everything: what is handed on from then on comes', async () => {
    await server.stop();
    server = await startRedis({ args: ['--appendonly', 'no'] });
    const { dispatcher, consumer, taken } = start();
    consumer.setRoom(2);
    await dispatcher.dispatch(work(1));
    await vi.waitFor(() => expect(taken).toEqual([1]), soon);
    await server.kill();
    await server.restart();
    await vi.waitFor(() => dispatcher.dispatch(work(2)), soon);
    await vi.waitFor(() => expect(taken).toEqual([1, 2]), soon);
  });

  it.each(['blackhole', 'reset'] as const)('let who stops stop, in a %s too', async (mode) => {
    const { dispatcher, consumer, taken } = start({ url: `redis://127.0.0.1:${proxy.port}`, take: () => null });
    consumer.setRoom(3);
    await dispatcher.dispatch(work(1));
    await vi.waitFor(() => expect(taken).toEqual([1]), soon);
    proxy.mode = mode;
    const stopping = consumer.stop();
    taker.answer(1);
    await stopping;
    await expect(dispatcher.dispatch(work(2))).rejects.toMatchObject({ code: 'store-unavailable' });
  });

  it('never were there: who stops stops', async () => {
    await server.kill();
    const { consumer } = start();
    consumer.setRoom(3);
    await consumer.stop();
  });

  it('hear of each message once where their answers are cut, or twice at the most', async () => {
    const { dispatcher, consumer, taken } = start({
      url: `redis://127.0.0.1:${proxy.port}`,
      take: () => ({ kind: 'over' }),
      lockMs: 500,
      stalledMs: 200,
    });
    consumer.setRoom(2);
    const ids = Array.from({ length: 20 }, (_, index) => index + 1);
    for (const id of ids) {
      if (id % 5 === 0) proxy.mode = 'cut-reply';
      await vi.waitFor(() => dispatcher.dispatch(work(id)), soon);
    }
    await vi.waitFor(() => expect(new Set(taken)).toEqual(new Set(ids)), soon);
  });
});
