import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * What happens to what goes through:
 * - `pass`: everything arrives.
 * - `cut-reply`: the next reply is thrown away and its connection reset, after the server did what it was asked; then `pass`.
 * - `swallow-replies`: the server is asked and does it, but nobody hears of it.
 * - `blackhole`: nothing arrives, either way; connections stay open.
 *   When either is over, connections that have lost something are reset: no network lets one go on with a gap in it, in which each
 *   answer would be taken for that to the question before.
 * - `reset`: every connection is reset, new ones too.
 * - `slow`: everything arrives, a quarter of a second late each way.
 */
export type ProxyMode = 'pass' | 'cut-reply' | 'swallow-replies' | 'blackhole' | 'reset' | 'slow';

export interface TcpProxy {
  readonly port: number;
  mode: ProxyMode;
  /** How many replies were cut or swallowed so far, or requests and replies fell into a black hole. */
  readonly lost: number;
  /** Resets the connections that are open now. */
  resetAll(): void;
  close(): Promise<void>;
}

const slowMilliseconds = 250;

/** A TCP proxy on loopback that can be told to fail as networks do. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let mode: ProxyMode = 'pass';
  let lost = 0;
  const clients = new Set<Socket>();
  const withGaps = new Set<Socket>();
  const server = createServer((client) => {
    if (mode === 'reset') {
      client.resetAndDestroy();
      return;
    }
    clients.add(client);
    const upstream = connect(targetPort, '127.0.0.1');
    // What is late stays in its order: whatever comes behind it is late, too.
    let [late, lateBack] = [Promise.resolve(), Promise.resolve()];
    let isLate = false;
    client.on('data', (bytes) => {
      isLate ||= mode === 'slow';
      if (isLate) late = pass(late, upstream, bytes, client);
      else if (mode === 'blackhole') lose(client);
      else upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      isLate ||= mode === 'slow';
      if (isLate) {
        lateBack = pass(lateBack, client, bytes, client);
        return;
      }
      if (mode === 'pass') {
        client.write(bytes);
        return;
      }
      lose(client);
      if (mode === 'cut-reply') {
        mode = 'pass';
        client.resetAndDestroy();
      }
    });
    client
      .on('error', () => upstream.destroy())
      .on('close', () => {
        clients.delete(client);
        withGaps.delete(client);
        upstream.destroy();
      });
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  async function pass(before: Promise<void>, to: Socket, bytes: Buffer, client: Socket): Promise<void> {
    const isSlow = mode === 'slow';
    if (isSlow) await pause(slowMilliseconds);
    await before;
    if (mode === 'blackhole') lose(client);
    else to.write(bytes);
  }

  function lose(client: Socket): void {
    lost += 1;
    withGaps.add(client);
  }

  function resetAll(): void {
    for (const client of clients) client.resetAndDestroy();
  }

  return {
    port: (server.address() as AddressInfo).port,
    get mode() {
      return mode;
    },
    set mode(next) {
      const isOther = next !== mode;
      mode = next;
      if (next === 'reset') resetAll();
      else if (isOther) for (const client of withGaps) client.resetAndDestroy();
    },
    get lost() {
      return lost;
    },
    resetAll,
    async close() {
      for (const client of clients) client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
