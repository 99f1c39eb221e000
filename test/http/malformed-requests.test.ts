import { once } from 'node:events';
import { connect } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { testApp, type TestApp } from './test-app.ts';

interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Bytes on a connection of their own, and what comes back until the server closes it. `''`: it closed without a word. */
async function exchange(port: number, parts: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  // The server may close while we still send: what it said before counts.
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk)).on('error', () => undefined);
  for (const part of parts) socket.write(part);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}

function read(answer: string): RawAnswer {
  const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head: head.toLowerCase(), body };
}

function expectProblem({ status, head, body }: RawAnswer, expected: number): void {
  expect(status).toBe(expected);
  expect(head).toContain('content-type: application/problem+json');
  expect(head).toContain('cache-control: no-store');
  expect(JSON.parse(body)).toMatchObject({
    status: expected,
    type: expect.stringMatching(/^\/problems\/[a-z-]+$/),
    title: expect.any(String),
    detail: expect.stringMatching(/\S/),
  });
}

const close = 'Host: localhost\r\nConnection: close\r\n';

describe('what is no request, over a real connection', () => {
  let app: TestApp;
  afterEach(() => app.server.server.closeAllConnections());

  async function listening(settings: Parameters<typeof testApp>[0] = {}): Promise<number> {
    app = await testApp({ cfg: { wf1: 'job1: {}\n' }, ...settings });
    await app.call('POST', '/load_cfg/wf1');
    return Number(new URL(await app.server.listen({ host: '127.0.0.1', port: 0 })).port);
  }

  it.each([
    ['no HTTP at all', ['\u0016\u0003\u0001 hello\r\n\r\n'], 400],
    ['another protocol', ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], 400],
    ['a method that there is not', [`BREW /open_batch/wf1 HTTP/1.1\r\n${close}\r\n`], 400],
    ['a header larger than 16 KiB', [`GET /index HTTP/1.1\r\n${close}X: ${'x'.repeat(20_000)}\r\n\r\n`], 431],
    ['many headers larger than 16 KiB', [`GET /index HTTP/1.1\r\n${close}${'X-A: y\r\n'.repeat(4000)}\r\n`], 431],
    ['a URL larger than 16 KiB', [`GET /get_status/${'w'.repeat(20_000)} HTTP/1.1\r\n${close}\r\n`], 431],
    ['a header without a name', [`GET /index HTTP/1.1\r\n${close}: x\r\n\r\n`], 400],
    ['a NUL in a header', [`GET /index HTTP/1.1\r\n${close}X: a\u0000b\r\n\r\n`], 400],
    ['a line feed alone before a header', [`GET /index HTTP/1.1\r\n${close}X: a\nX-Injected: b\r\n\r\n`], 400],
    ['no host', ['GET /index HTTP/1.1\r\nConnection: close\r\n\r\n'], 400],
    [
      'a chunk whose size is no number',
      [
        `POST /close_batch/wf1 HTTP/1.1\r\n${close}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
      ],
      400,
    ],
    [
      'a chunk longer than it says',
      [
        `POST /close_batch/wf1 HTTP/1.1\r\n${close}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}{}{}\r\n0\r\n\r\n`,
      ],
      400,
    ],
    [
      'a length and chunks at once, as smugglers send',
      [`POST /close_batch/wf1 HTTP/1.1\r\n${close}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
      400,
    ],
    [
      'two lengths',
      [`POST /close_batch/wf1 HTTP/1.1\r\n${close}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}`],
      400,
    ],
    ['a negative length', [`POST /close_batch/wf1 HTTP/1.1\r\n${close}Content-Length: -1\r\n\r\n`], 400],
    ['a URL that cannot be decoded', [`GET /get_status/%zz HTTP/1.1\r\n${close}\r\n`], 400],
    ['a URL that ends in the middle of a sign', [`GET /get_status/%C3 HTTP/1.1\r\n${close}\r\n`], 400],
  ])('%s is a problem and changes nothing', async (_name, parts, expected) => {
    const port = await listening();
    const before = await app.everything();
    expectProblem(read(await exchange(port, parts)), expected);
    expect(await app.everything()).toBe(before);
  });

  it.each([
    ['rubbish', `POST /open_batch/wf1 HTTP/1.1\r\nHost: localhost\r\n\r\n\u0001rubbish\r\n\r\n`],
    [
      'more than its length',
      `POST /open_batch/wf1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}}\u0000}\r\n\r\n`,
    ],
    [
      'a broken body that a GET does not need',
      `GET /open_batch/wf1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ],
  ])('a whole request followed by %s is not refused, since it was carried out', async (_name, text) => {
    const port = await listening();
    const answer = read(await exchange(port, [text]));
    expect(answer.status).toBe(200);
    expect((await app.call('GET', '/get_status/wf1')).json.job1.status).toBe('open');
  });

  it('an expectation that nobody knows is passed over', async () => {
    const port = await listening();
    const text = `POST /open_batch/wf1 HTTP/1.1\r\n${close}Expect: the-unexpected\r\n\r\n`;
    expect(read(await exchange(port, [text])).status).toBe(200);
  });

  it('a body of 10 MB is refused before it is read', async () => {
    const port = await listening();
    const before = await app.everything();
    const head = `POST /close_batch/wf1 HTTP/1.1\r\n${close}Content-Type: application/json\r\nContent-Length: 10000000\r\n\r\n`;
    expectProblem(read(await exchange(port, [head])), 413);
    expect(await app.everything()).toBe(before);
  });

  it('a body of 10 MB in chunks is refused while it comes', async () => {
    const port = await listening();
    const before = await app.everything();
    const head = `POST /close_batch/wf1 HTTP/1.1\r\n${close}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const answer = read(await exchange(port, [head, ...Array<string>(160).fill(chunk), '0\r\n\r\n']));
    expectProblem(answer, 413);
    expect(await app.everything()).toBe(before);
  });

  it.each([
    ['headers that never end', `POST /open_batch/wf1 HTTP/1.1\r\nHost: localhost\r\n`],
    ['a body that never comes', `POST /open_batch/wf1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{`],
  ])('%s: the connection is given up', async (_name, text) => {
    const port = await listening({ settings: { REQUEST_TIMEOUT_SECONDS: 0.2 } });
    const before = await app.everything();
    const answer = read(await exchange(port, [text]));
    expectProblem(answer, 408);
    expect(await app.everything()).toBe(before);
  });

  it('has limits on time for headers and for requests', async () => {
    await listening();
    const { headersTimeout, requestTimeout, keepAliveTimeout } = app.server.server;
    for (const limit of [headersTimeout, requestTimeout, keepAliveTimeout]) {
      expect(limit).toBeGreaterThan(0);
      expect(limit).toBeLessThanOrEqual(65_000);
    }
  });

  it('half a request that is broken off changes nothing, and the service goes on', async () => {
    const port = await listening();
    const before = await app.everything();
    const whole = `POST /open_batch/wf1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
    for (let length = 0; length < whole.length; length += 7) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(whole.slice(0, length));
      socket.destroy();
      await once(socket, 'close');
    }
    expect(await app.everything()).toBe(before);
    expect(read(await exchange(port, [`GET /index HTTP/1.1\r\n${close}\r\n`])).status).toBe(200);
  });
});

describe('an unknown name in a request', () => {
  it('is told once, and not repeated at length', async () => {
    const app = await testApp({ cfg: { wf1: 'job1: {}\n' } });
    await app.call('POST', '/load_cfg/wf1');
    const { status, json } = await app.call('POST', '/open_batch/wf1?jbo=job1');
    expect(status).toBe(400);
    expect(json.errors).toEqual([{ pointer: '/jbo', detail: expect.stringContaining('is not known') }]);

    const long = await app.call('POST', `/open_batch/wf1?${'x'.repeat(10_000)}=1`);
    expect(long.status).toBe(400);
    expect(long.text.length).toBeLessThan(1000);
    const many = await app.call(
      'POST',
      `/open_batch/wf1?${Array.from({ length: 900 }, (_, index) => `a${index}=1`).join('&')}`,
    );
    expect(many.status).toBe(400);
    expect(many.json.errors.length).toBeLessThanOrEqual(20);
  });
});
