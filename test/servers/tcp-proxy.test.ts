import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

import { expect, it, onTestFinished } from 'vitest';

import { startTcpProxy } from './tcp-proxy.ts';

/** Two connections by a proxy to a server that sends back what it gets. */
async function connected() {
  const server = createServer((socket) => void socket.pipe(socket).on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startTcpProxy((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(proxy.port, '127.0.0.1');
    await once(socket, 'connect');
    return socket.setEncoding('utf8');
  };
  const heard = async (socket: Socket, text: string): Promise<unknown[]> => {
    const answer = once(socket, 'data');
    socket.write(text);
    return answer;
  };
  return { proxy, heard, sockets: [await open(), await open()] as const };
}

it.each(['blackhole', 'swallow-replies'] as const)(
  'a connection that has lost something in a %s is reset when that is over, and no other',
  async (mode) => {
    const { proxy, heard, sockets } = await connected();
    const [asks, idles] = sockets;
    for (const socket of sockets) expect(await heard(socket, 'before')).toEqual(['before']);
    proxy.mode = mode;
    const ended = new Promise((resolve) => asks.on('error', () => undefined).once('close', resolve));
    asks.write('lost');
    await expect.poll(() => proxy.lost).toBe(1);
    proxy.mode = 'pass';
    await ended;
    expect(await heard(idles, 'after')).toEqual(['after']);
    idles.destroy();
  },
);

it('an answer that is under way when all becomes slow arrives, and those behind it after it', async () => {
  const asked = Promise.withResolvers<Socket>();
  const server = createServer((socket) => void socket.once('data', () => asked.resolve(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startTcpProxy((server.address() as AddressInfo).port);
  const socket = connect(proxy.port, '127.0.0.1').setEncoding('utf8');
  onTestFinished(async () => {
    socket.destroy();
    await proxy.close();
    server.close();
  });
  let heard = '';
  socket.on('data', (text) => (heard += text));
  socket.write('question');
  const answering = await asked.promise;
  proxy.mode = 'slow';
  answering.write('first ');
  await expect.poll(() => heard).toBe('first ');
  proxy.mode = 'pass';
  answering.write('second');
  await expect.poll(() => heard).toBe('first second');
  expect(proxy.lost).toBe(0);
});
