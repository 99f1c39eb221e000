import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { getPage } from '../../../src/runner/items/http-page.ts';
import { httpReader, type HttpReaderOptions } from '../../../src/runner/items/http-reader.ts';
import { createGuardedAgent, PrivateTargetError } from '../../../src/runner/network-guard.ts';
import { emptyContext, openReader, readAll } from './fixtures.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const json =
  (body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (response) => {
    response.writeHead(code, headers).end(body);
  };

describe('the reader of pages', () => {
  let servers: Server[] = [];
  let origin: string;
  let pages: Record<string, Answer>;
  let asked: string[];
  let sentKeys: (string | string[] | undefined)[];

  async function serve(): Promise<string> {
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      sentKeys.push(request.headers['x-key']);
      (pages[request.url ?? ''] ?? status(404, {}, 'nothing here'))(response, request);
    });
    servers.push(server);
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  beforeEach(async () => {
    pages = {};
    asked = [];
    sentKeys = [];
    origin = await serve();
  });
  afterEach(() => {
    for (const server of servers) server.close().closeAllConnections();
    servers = [];
  });

  const from = (path: string, options: Partial<HttpReaderOptions> = {}) =>
    httpReader({ url: origin + path, allowPrivate: true, ...options });

  it.each([
    ['</b>; rel="next"', '</c>; title="a, b"; rel=next', 'link'],
    ['<http://x.example/?a=1,2>; rel="last", </b>; rel="prev next"', '</a>; rel=first,</c>;REL="NEXT"', 'link'],
  ] as const)('follows the Link header %s', async (first, second, next) => {
    pages['/a'] = json([1, 2], { link: first });
    pages['/b'] = json([], { link: second });
    pages['/c'] = json([3], { link: '</a>; rel="nextish", </a>; title="rel=next"' });
    expect((await readAll(from('/a', { next }))).items).toEqual([1, 2, 3]);
    expect(asked).toEqual(['/a', '/b', '/c']);
  });

  it('follows a field of the body, or a function', async () => {
    pages['/a?n=1'] = json({ data: { rows: [1, 2] }, paging: { next: '?n=2' } });
    pages['/a?n=2'] = json({ data: { rows: [3] }, paging: { next: null } });
    const items = 'data.rows';
    expect((await readAll(from('/a?n=1', { items, next: { field: 'paging.next' } }))).items).toEqual([1, 2, 3]);
    const next = (_body: unknown, { url }: { url: URL }): string | null =>
      url.searchParams.get('n') === '1' ? '?n=2' : null;
    const rows = (body: unknown): unknown => (body as { data: { rows: unknown[] } }).data.rows;
    expect((await readAll(from('/a?n=1', { items: rows, next }))).items).toEqual([1, 2, 3]);
  });

  it('goes on from each checkpoint with exactly the rest', async () => {
    pages['/a'] = json([1, 2], { link: '</b>; rel=next' });
    pages['/b'] = json([3, 4], { link: '</c>; rel=next' });
    pages['/c'] = json([5]);
    const { checkpoints } = await readAll(from('/a'));
    expect(checkpoints).toHaveLength(6);
    for (const [index, checkpoint] of checkpoints.entries()) {
      expect((await readAll(from('/a'), checkpoint)).items).toEqual([1, 2, 3, 4, 5].slice(index));
    }
    asked = [];
    await readAll(from('/a'), checkpoints[4]);
    expect(asked).toEqual(['/b', '/c']);
    pages['/b'] = json([3]);
    await expect(readAll(from('/a'), checkpoints[4])).rejects.toThrow(
      '/b has 1 items now, but 2 of it were read before',
    );
    await expect(openReader(from('/a'), { count: 3 })).rejects.toThrow('another kind of reader');
  });

  it('asks again for a page that could not be had', async () => {
    pages['/a'] = json([1], { link: '</b>; rel=next' });
    pages['/b'] = status(503, {}, 'busy');
    const reader = await openReader(from('/a'));
    expect(await reader.read()).toBe(1);
    await expect(reader.read()).rejects.toMatchObject({ status: 503, message: `${origin}/b answered 503: busy` });
    await expect(reader.read()).rejects.toThrow('503');
    expect(reader.checkpoint()).toEqual({ url: `${origin}/b`, index: 0 });
    pages['/b'] = json([2]);
    expect(await reader.read()).toBe(2);
    expect(await reader.read()).toBeNull();
    await reader.close();
  });

  it('sends headers to the first origin only', async () => {
    const elsewhere = await serve();
    pages['/a'] = json([1], { link: '</b>; rel=next' });
    pages['/b'] = status(302, { location: `${elsewhere}/c` });
    pages['/c'] = json([2], { link: `<${origin}/d>; rel=next` });
    pages['/d'] = json([3]);
    const headers = async (): Promise<Record<string, string>> => ({ 'x-key': 'secret' });
    expect((await readAll(from('/a', { headers }))).items).toEqual([1, 2, 3]);
    expect(asked).toEqual(['/a', '/b', '/c', '/d']);
    expect(sentKeys).toEqual(['secret', 'secret', undefined, 'secret']);
  });

  it('notes an item that is null, and goes on', async () => {
    pages['/a'] = json([1, null, 2]);
    const { items, faults } = await readAll(from('/a'));
    expect(items).toEqual([1, 2]);
    expect(faults.map(({ position }) => position)).toEqual([`item 2 of ${origin}/a`]);
  });

  it.each<[string, Answer, Partial<HttpReaderOptions>, RegExp]>([
    ['no page', status(404, {}, 'nothing here'), {}, /\/a answered 404: nothing here/],
    ['no JSON', status(200, {}, '<html>'), {}, /\/a answered with what is no JSON/],
    ['no UTF-8', (response) => void response.end(Buffer.from('"Zoë"', 'latin1')), {}, /what is no UTF-8/],
    ['no array', json({ data: [] }), {}, /its items are no array/],
    ['no array where it should be', json({ data: 1 }), { items: 'data.rows' }, /there is no array at data\.rows/],
    ['too much', json(['x'.repeat(2000)]), { maxPageBytes: 1000 }, /more than 1000 bytes/],
    ['redirects without end', status(302, { location: '/a' }), {}, /redirects more than 5 times/],
    ['a redirect to a file', status(302, { location: 'file:///etc/passwd' }), {}, /which is no http address/],
    ['itself as the next page', json([1], { link: '</a>; rel=next' }), {}, /names itself as its next page/],
    [
      'a next page that is no text',
      json({ rows: [], next: 7 }),
      { items: 'rows', next: { field: 'next' } },
      /is no text but 7/,
    ],
    ['nothing', () => {}, { timeoutSeconds: 0.05 }, /did not answer within 0\.05 s/],
  ])('says what is wrong with an answer that is %s', async (_name, answer, options, message) => {
    pages['/a'] = answer;
    await expect(readAll(from('/a', options))).rejects.toThrow(message);
  });

  it('stops when the step does', async () => {
    const stop = new AbortController();
    pages['/a'] = () => stop.abort(new Error('the step was stopped'));
    const reader = await from('/a')({ ...emptyContext, signal: stop.signal });
    await reader.open(null);
    await expect(reader.read()).rejects.toThrow('the step was stopped');
    await reader.close();
  });

  it('asks nobody of a private network, unless it may', async () => {
    pages['/a'] = json([1]);
    await expect(readAll(from('/a', { allowPrivate: false }))).rejects.toThrow(PrivateTargetError);
    await expect(readAll(httpReader({ url: origin.replace('127.0.0.1', 'localhost') }))).rejects.toThrow(
      PrivateTargetError,
    );
    expect(asked).toEqual([]);
  });

  it('asks nobody there either when it is sent there', async () => {
    pages['/redirect'] = status(302, { location: `${origin}/a` });
    pages['/a'] = json([1]);
    const guarded = createGuardedAgent({ allowPrivate: false });
    const open = createGuardedAgent({ allowPrivate: true });
    // Stands for a server of the public internet, which tests cannot reach.
    const publicServer = 'http://public.example';
    const agent = guarded.compose((dispatch) => (options, handler) => {
      const isPublic = String(options.origin) === publicServer;
      return isPublic ? open.dispatch({ ...options, origin }, handler) : dispatch(options, handler);
    });
    const { signal } = emptyContext;
    const options = { agent, signal, headers: {}, origin: publicServer, maxBytes: 1000, seconds: 10 };
    await expect(getPage(new URL(`${publicServer}/redirect`), options)).rejects.toThrow(PrivateTargetError);
    expect(asked).toEqual(['/redirect']);
    await guarded.destroy();
    await open.destroy();
  });

  it.each(['ftp://a/', 'a', 'http://user:secret@a.example/'])('takes no such url: %s', async (url) => {
    await expect(readAll(httpReader({ url }))).rejects.toThrow(/^The url of httpReader (?!.*secret)/);
  });

  it('tells nobody what is behind the question mark', async () => {
    pages['/a?token=secret'] = status(500);
    await expect(readAll(from('/a?token=secret'))).rejects.toThrow(new RegExp(`^${origin}/a answered 500$`));
  });
});
