import { once } from 'node:events';
import { connect } from 'node:net';

import { describe, expect, it } from 'vitest';

import { testApp } from './test-app.ts';

async function listening(settings: { MAX_CONCURRENT_REQUESTS?: number } = {}) {
  const app = await testApp({ cfg: { wf1: 'a: {}\n' }, settings });
  await app.call('POST', '/load_cfg/wf1');
  await app.call('POST', '/open_batch/wf1');
  const url = new URL(await app.server.listen({ host: '127.0.0.1', port: 0 }));
  const send = async (text: string): Promise<string> => {
    const socket = connect(Number(url.port), '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
    socket.write(text);
    await once(socket, 'close');
    return heard;
  };
  return { app, port: Number(url.port), send };
}

describe('requests that nobody sends by chance', () => {
  it.each([
    ['the method QUERY', 'QUERY /get_status/wf1'],
    ['the method QUERY where there is nothing', 'QUERY /nothing'],
    ['a path that leaves the folder of the API’s page', 'GET /docs/static/../../x'],
    ['a path that leaves it in code', 'GET /docs/static/%2e%2e/%2e%2e/x'],
  ])('%s is refused as a problem', async (_what, line) => {
    const { app, send } = await listening();
    const before = await app.everything();
    const heard = await send(`${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(heard).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(heard).toContain('application/problem+json');
    expect(await app.everything()).toBe(before);
  });

  it('event streams of clients that went away leave their places to others', async () => {
    const { port, app } = await listening({ MAX_CONCURRENT_REQUESTS: 2 });
    for (let round = 0; round < 5; round += 1) {
      const socket = connect(port, '127.0.0.1');
      socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const [first] = (await once(socket, 'data')) as [Buffer];
      expect(first.toString()).toMatch(/^HTTP\/1\.1 200 /);
      socket.destroy();
      await expect.poll(async () => (await app.call('GET', '/workflows/wf1/wait?timeout=0')).status).toBe(200);
    }
  });
});

describe('bodies that are no UTF-8', () => {
  it.each([
    [
      'bytes that are no UTF-8',
      {},
      Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x7b, 0x22, 0x78, 0x22, 0x3a, 0x22, 0xe9, 0x22, 0x7d, 0x7d]),
      422,
    ],
    ['another charset', { 'content-type': 'application/json; charset=iso-8859-1' }, Buffer.from('{"a":{"x":1}}'), 415],
    ['a compressed body', { 'content-encoding': 'gzip' }, Buffer.from('{"a":{"x":1}}'), 415],
    ['UTF-8, said to be', { 'content-type': 'application/json; charset=UTF-8' }, Buffer.from('{"a":{"x":"é"}}'), 200],
  ])('%s: %#', async (_what, headers, payload, status) => {
    const { app } = await listening();
    const before = await app.everything();
    const answer = await app.server.inject({
      method: 'POST',
      url: '/close_batch/wf1',
      headers: { 'content-type': 'application/json', ...headers },
      payload,
    });
    expect(answer.statusCode).toBe(status);
    if (status !== 200) expect(await app.everything()).toBe(before);
    else expect(answer.json().a.x).toBe('é');
  });
});
