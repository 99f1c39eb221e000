import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * What happens to what goes through:
 * - `pass`: everything arrives.
 * - `cut-reply`: the next reply is thrown away and its connection reset, after the server did what it was asked; then `pass`.
 * - `swallow-replies`: the server is asked and does it, but nobody hears of it.
 * - `blackhole`: nothing arrives, either way; connections stay open.
 * - `reset`: every connection is reset, new ones too.
 */
export type ProxyMode = 'pass' | 'cut-reply' | 'swallow-replies' | 'blackhole' | 'reset';

export interface TcpProxy {
  readonly port: number;
  mode: ProxyMode;
  /** How many replies were cut or swallowed so far. */
  readonly lost: number;
  /** Resets the connections that are open now. */
  resetAll(): void;
  close(): Promise<void>;
}

/** A TCP proxy on loopback that can be told to fail as networks do. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let mode: ProxyMode = 'pass';
  let lost = 0;
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    if (mode === 'reset') {
      client.resetAndDestroy();
      return;
    }
    clients.add(client);
    const upstream = connect(targetPort, '127.0.0.1');
    client.on('data', (bytes) => {
      if (mode !== 'blackhole') upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (mode === 'pass') {
        client.write(bytes);
        return;
      }
      lost++;
      if (mode === 'cut-reply') {
        mode = 'pass';
        client.resetAndDestroy();
      }
    });
    client
      .on('error', () => upstream.destroy())
      .on('close', () => {
        clients.delete(client);
        upstream.destroy();
      });
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  function resetAll(): void {
    for (const client of clients) client.resetAndDestroy();
  }

  return {
    port: (server.address() as AddressInfo).port,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
      if (next === 'reset') resetAll();
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
