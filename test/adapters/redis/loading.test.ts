import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBullmqDispatcher } from '../../../src/adapters/bullmq/dispatcher.ts';
import { connectRedis } from '../../../src/adapters/redis/connection.ts';
import { readTarget } from '../../../src/adapters/redis/target.ts';
import { workOf } from '../../../src/domain/work.ts';

/** Far above the pause until it is asked again, and far below that of the driver's own. */
const deadline = 5000;

describe('a Redis that guesses that it will load for an hour', () => {
  let server: Server;
  let url: string;
  const open = new Set<Socket>();

  /** Is ready when it is asked for the second time, and agrees to all else. */
  beforeEach(async () => {
    server = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined);
      let asked = 0;
      socket.on('data', (bytes) => {
        for (const [, name] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n([a-z]+)\r\n/gi)) {
          if (name?.toLowerCase() !== 'info') {
            socket.write('+OK\r\n');
            continue;
          }
          asked += 1;
          const facts = asked === 1 ? 'loading:1\r\nloading_eta_seconds:3600\r\n' : 'loading:0\r\n';
          socket.write(`$${facts.length}\r\n${facts}\r\n`);
        }
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    for (const socket of open) socket.destroy();
    open.clear();
    server.close();
  });

  it('is used as soon as it is ready', async () => {
    const connection = connectRedis(readTarget(url), { silence: 2000, deadline });
    expect(await connection.call((redis) => redis.get('any'))).toBe('OK');
    connection.close();
  });

  it('is handed work as soon as it is ready', async () => {
    const dispatcher = createBullmqDispatcher({ server: readTarget(url), deadlineMs: deadline });
    await dispatcher.dispatch(workOf({ executionId: 1, capabilities: [] }));
    await dispatcher.close();
  });
});
