import { connect } from 'node:net';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { everythingIn } from '../http/test-app.ts';
import { brokenPromises } from './broken-promises.ts';
import { type Described, type FuzzRequest, requestsOver } from './request-grammar.ts';
import { startTarget } from './target.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
const requests = 300;

/** The request as it goes over the wire; its connection ends with it. */
function wireBytes({ method, url, headers, body }: FuzzRequest): Buffer {
  const length = body === null ? {} : { 'content-length': String(body.length) };
  const lines = Object.entries({ host: 'localhost', connection: 'close', ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return Buffer.concat([
    Buffer.from(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
    body ?? Buffer.alloc(0),
  ]);
}

type Damage = (bytes: Buffer) => Buffer;

const replaced =
  (pattern: string, by: string): Damage =>
  (bytes) =>
    Buffer.from(bytes.toString('latin1').replace(pattern, by), 'latin1');

/** What a network, a broken client or an attacker makes of a request. */
const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Damage>((bytes) => bytes) },
  {
    weight: 1,
    arbitrary: fc.nat().map(
      (at): Damage =>
        (bytes) =>
          bytes.subarray(0, at % bytes.length),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(), fc.nat({ max: 255 })).map(([at, byte]): Damage => (bytes) => {
      const copy = Buffer.from(bytes);
      copy[at % copy.length] = byte;
      return copy;
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 20 }))
      .map(([at, added]): Damage => (bytes) => {
        const place = at % bytes.length;
        return Buffer.concat([bytes.subarray(0, place), added, bytes.subarray(place)]);
      }),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      replaced('HTTP/1.1', 'HTTP/1.0'),
      replaced('HTTP/1.1', 'HTTP/9.9'),
      replaced('host: localhost', 'host: localhost\r\nhost: y'),
      replaced('\r\n', '\n'),
      replaced('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n'),
      replaced('\r\n\r\n', '\r\nTransfer-Encoding: chunked, identity\r\n\r\n'),
      replaced('\r\n\r\n', '\r\nContent-Length: 99999999\r\n\r\n'),
      replaced('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'),
      replaced('\r\n\r\n', '\r\nExpect: the-unexpected\r\n\r\n'),
      replaced('\r\n\r\n', '\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
      replaced('\r\n\r\n', `\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`),
    ),
  },
);

/**
 * Sends bytes on a connection of their own and hears the server out, who gives up what does not arrive whole: a client that
 * ended its own side would be taken for one that went away. An event stream is left at its beginning.
 */
async function exchange(port: number, bytes: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text;
    if (/^content-type: text\/event-stream/im.test(heard)) socket.destroy();
  });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  await closed;
  return heard;
}

/** The answers on a connection, as far as the promises are concerned; their bodies may be chunked. */
function answersIn(heard: string): { status: number; headers: Record<string, string>; text: string }[] {
  return heard.split(/(?=HTTP\/1\.1 \d{3} )/).flatMap((part) => {
    const [head = '', ...rest] = part.split('\r\n\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    if (!(status >= 200)) return [];
    const headers = Object.fromEntries(
      head
        .split('\r\n')
        .slice(1)
        .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    return [{ status, headers, text: Buffer.from(rest.join('\r\n\r\n'), 'latin1').toString() }];
  });
}

describe('damaged requests over real connections', () => {
  it(
    'are answered with problems, or not at all, and change nothing unless answered 2xx',
    { timeout: 600_000 },
    async () => {
      const target = await startTarget((clock) => createMemoryStores({ clock }), { REQUEST_TIMEOUT_SECONDS: 0.2 });
      const { server, stores } = target.app;
      try {
        // Some damage makes a connection one that is kept.
        server.server.keepAliveTimeout = 100;
        const port = Number(new URL(await server.listen({ host: '127.0.0.1', port: 0 })).port);
        const grammar = fc.tuple(requestsOver(server.swagger() as unknown as Described), damage);
        const statuses = new Set<number>();
        for (const [index, [request, hurt]] of fc.sample(grammar, { seed, numRuns: requests }).entries()) {
          const bytes = hurt(wireBytes(request));
          const before = await everythingIn(stores);
          const heard = await exchange(port, bytes);
          const answers = answersIn(heard);
          const where = `seed ${seed}, request ${index}: ${JSON.stringify(bytes.subarray(0, 2000).toString('latin1'))}\nanswered ${heard.slice(0, 800)}`;
          const isHead = !/^(GET|POST|PUT|PATCH|DELETE|OPTIONS) /.test(bytes.toString('latin1'));
          for (const answer of answers) {
            statuses.add(answer.status);
            expect(brokenPromises(isHead && !answer.text ? 'HEAD' : 'GET', answer), where).toEqual([]);
          }
          if (answers.every(({ status }) => status > 299))
            expect((await everythingIn(stores)) === before, where).toBe(true);
          await target.app.services.watch.noticeSkew();
        }
        for (const status of [200, 400, 401, 404, 405, 408, 431]) expect([...statuses]).toContain(status);
      } finally {
        server.server.closeAllConnections();
        await target.close();
      }
    },
  );
});
