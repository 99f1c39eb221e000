import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { ConsumerConnection } from '../../../src/adapters/bullmq/connections.ts';
import { freePort } from '../../servers/free-port.ts';

it('connections that are given up end, though they are between two attempts', async () => {
  const server = { name: 'nobody', options: { host: '127.0.0.1', port: await freePort() } };
  const connection = new ConsumerConnection(server, 1000);
  const all: readonly Redis[] = [connection, connection.duplicate()];
  const event = (name: string) => Promise.all(all.map((each) => new Promise((resolve) => each.once(name, resolve))));
  await event('reconnecting');
  const ends = event('end');
  const waiting = expect(connection.get('a')).rejects.toThrow(/closed/);
  connection.abandon();
  await Promise.all([ends, waiting]);
  expect(all.map(({ status }) => status)).toEqual(['end', 'end']);
});
