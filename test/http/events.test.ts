import { expect, onTestFinished, test } from 'vitest';

import type { JournaledEntry } from '../../src/ports/journal.ts';
import { journalEvents } from '../../src/http/event-stream.ts';
import { entry } from '../contract/fixtures.ts';
import { type TestApp, testApp } from './test-app.ts';
import { watchedStores } from './watched-stores.ts';

interface ServerSentEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly retry?: string;
}

interface Listening extends TestApp {
  readonly address: string;
  readonly watchers: () => number;
  /** Opens a stream; it is closed when the test ends. */
  listen(path: string, headers?: Record<string, string>): Promise<Listener>;
}

interface Listener {
  readonly response: Response;
  /** The next blocks of the stream that hold data, as many as asked for. */
  take(count: number): Promise<ServerSentEvent[]>;
  leave(): void;
}

async function listening(): Promise<Listening> {
  const { openStores, watchers } = watchedStores();
  const app = await testApp({ cfg: { wf1: 'job1: {}\n', wf2: 'job1: {}\n' }, openStores });
  for (const workflow of ['wf1', 'wf2']) await must(app, `load_cfg/${workflow}`);
  const address = await app.server.listen({ host: '127.0.0.1', port: 0 });
  const listen = async (path: string, headers: Record<string, string> = {}): Promise<Listener> => {
    const client = new AbortController();
    onTestFinished(() => client.abort());
    const response = await fetch(address + path, { headers, signal: client.signal });
    const blocks = response.ok ? blocksOf(response) : undefined;
    return {
      response,
      take: async (count) => {
        const taken: ServerSentEvent[] = [];
        while (taken.length < count) {
          const next = await blocks?.next();
          if (next === undefined || next.done === true) break;
          if (next.value.data !== undefined) taken.push(next.value);
        }
        return taken;
      },
      leave: () => client.abort(),
    };
  };
  return { ...app, address, watchers, listen };
}

async function must(app: TestApp, route: string): Promise<void> {
  const { status, text } = await app.call('POST', `/${route}`);
  expect(status, text).toBe(200);
}

async function* blocksOf(response: Response): AsyncGenerator<ServerSentEvent> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    yield* blocks.map(parseBlock);
  }
}

function parseBlock(block: string): ServerSentEvent {
  const lines = block.split('\n').filter((line) => !line.startsWith(':'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(': ') + 2)]),
  );
}

const numbered = (events: readonly ServerSentEvent[]): number[] => events.map(({ id }) => Number(id));

test('what happens is told as it happens, each entry once', async () => {
  const app = await listening();
  const stream = await app.listen('/events');
  expect(stream.response.status).toBe(200);
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(stream.response.headers.get('cache-control')).toBe('no-store');
  await must(app, 'open_batch/wf1');
  await must(app, 'close_batch/wf1');
  const events = await stream.take(2);
  expect(events.map(({ event }) => event)).toEqual(['batch-opened', 'batch-closed']);
  expect(numbered(events)).toEqual([3, 4]);
  const journal = (await app.call('GET', '/workflows/wf1/journal?limit=2')).json;
  expect(events.map(({ data }) => JSON.parse(data as string))).toEqual(journal.toReversed());
});

test('a stream of one workflow tells of no other', async () => {
  const app = await listening();
  const stream = await app.listen('/workflows/wf2/events', { 'last-event-id': '0' });
  await must(app, 'open_batch/wf1');
  await must(app, 'open_batch/wf2');
  expect((await stream.take(2)).map(({ id, event }) => [id, event])).toEqual([
    ['2', 'configuration-loaded'],
    ['4', 'batch-opened'],
  ]);
});

test('a client that comes back is told what it missed, then what is new, without loss or doubling', async () => {
  const app = await listening();
  const first = await app.listen('/events');
  await must(app, 'open_batch/wf1');
  const [seen] = await first.take(1);
  first.leave();
  for (let round = 0; round < 150; round += 1) await must(app, 'open_batch/wf1');
  const second = await app.listen('/events', { 'last-event-id': String(seen?.id) });
  const racing = (async () => {
    for (let round = 0; round < 150; round += 1) await must(app, 'open_batch/wf2');
  })();
  const events = await second.take(300);
  await racing;
  expect(numbered(events)).toEqual(Array.from({ length: 300 }, (_, index) => Number(seen?.id) + 1 + index));
});

test('the query says it as well as the header, and the header wins', async () => {
  const app = await listening();
  const byQuery = await app.listen('/events?last_event_id=1');
  expect(numbered(await byQuery.take(1))).toEqual([2]);
  const byBoth = await app.listen('/events?last_event_id=1', { 'last-event-id': '0' });
  expect(numbered(await byBoth.take(2))).toEqual([1, 2]);
});

test.each(['-1', 'x', '1.5', '1e3', '', '9999999999999999', '3'])(
  'Last-Event-ID %j is refused before the first event',
  async (id) => {
    const app = await listening();
    for (const path of ['/events', '/workflows/wf1/events']) {
      const { status, json } = await app.call('GET', path, { headers: { 'last-event-id': id } });
      expect(status).toBe(400);
      expect(json).toMatchObject({
        type: '/problems/invalid-request',
        detail: expect.stringContaining('Last-Event-ID'),
      });
    }
    expect(app.watchers()).toBe(0);
  },
);

test('an unknown workflow is a 404, not a stream', async () => {
  const app = await listening();
  expect((await app.call('GET', '/workflows/nope/events')).json.type).toBe('/problems/unknown-workflow');
  expect((await app.call('GET', '/workflows/a%00b/events')).json.type).toBe('/problems/invalid-name');
});

test('where entries are no longer kept, the stream begins with a gap that says from where it goes on', async () => {
  const app = await listening();
  app.clock.advance({ hours: 1 });
  await must(app, 'open_batch/wf1');
  await app.stores.upkeep.prune(app.clock.peek() - 1_800_000_000_000n, 100);
  const stream = await app.listen('/events', { 'last-event-id': '1' });
  const [gap, next] = await stream.take(2);
  expect(gap).toMatchObject({ event: 'gap', id: '2' });
  expect(JSON.parse(gap?.data as string)).toEqual({ after: 1, first_kept: 3 });
  expect(next).toMatchObject({ id: '3', event: 'batch-opened' });
  // The gap's own id does not lead into the same gap again; nor is there one where nothing is missing.
  const again = await app.listen('/events', { 'last-event-id': '2' });
  expect((await again.take(1))[0]).toMatchObject({ id: '3', event: 'batch-opened' });
});

test('a stream ends with a last event when the service stops', async () => {
  const app = await listening();
  const stream = await app.listen('/events');
  await expect.poll(app.watchers).toBe(1);
  const stopped = app.stop();
  const events = await stream.take(2);
  expect(events).toMatchObject([{ event: 'end' }]);
  expect(events[0]).not.toHaveProperty('id');
  await stopped;
});

test('a client that goes away is no longer listened for', async () => {
  const app = await listening();
  const stream = await app.listen('/events');
  await expect.poll(app.watchers).toBe(1);
  stream.leave();
  await expect.poll(app.watchers, { timeout: 20_000 }).toBe(0);
});

/** A journal in a list, whose readings are counted. */
function listedJournal(sequences: readonly number[]) {
  const entries: JournaledEntry[] = sequences.map((sequence) => ({ sequence, entry: entry() }));
  let readings = 0;
  let notify = (): void => {};
  return {
    add: (sequence: number): void => {
      entries.push({ sequence, entry: entry() });
      notify();
    },
    readings: () => readings,
    options: {
      read: async ({ beyond, limit }: { beyond: number | null; limit: number }) => {
        readings += 1;
        return entries.filter(({ sequence }) => sequence > (beyond ?? 0)).slice(0, limit);
      },
      bounds: async () => ({ first: entries[0]?.sequence ?? 0, last: entries.at(-1)?.sequence ?? 0 }),
      subscribe: (onChange: () => void) => {
        notify = onChange;
        return () => {};
      },
      workflow: null,
      after: 0,
      gapUpTo: null,
      heartbeatMilliseconds: 3_600_000,
      stopping: new AbortController().signal,
      over: new AbortController().signal,
    },
  };
}

test('nothing is read ahead of a client that does not take what it was sent', async () => {
  const journal = listedJournal(Array.from({ length: 1000 }, (_, index) => index + 1));
  const stream = journalEvents(journal.options);
  await stream.next();
  expect(journal.readings()).toBe(0);
  const { value } = await stream.next();
  expect(journal.readings()).toBe(1);
  expect(String(value).match(/^event: /gm)).toHaveLength(100);
  await stream.return(undefined);
});

test('an entry that comes between reading and listening is told at once', async () => {
  const journal = listedJournal([1]);
  const read: typeof journal.options.read = async (page) => {
    const found = await journal.options.read(page);
    // It comes after the reading was made and before anybody listens.
    if (journal.readings() === 1) journal.add(2);
    return found;
  };
  const stream = journalEvents({ ...journal.options, read });
  await stream.next();
  expect((await stream.next()).value).toContain('id: 1\n');
  expect((await stream.next()).value).toContain('id: 2\n');
  await stream.return(undefined);
});

test('a quiet stream is kept alive, and its client’s place moves on with the journal', async () => {
  const journal = listedJournal([5]);
  const stream = journalEvents({
    ...journal.options,
    read: async () => [],
    workflow: 'wf1',
    after: 3,
    heartbeatMilliseconds: 1,
  });
  expect((await stream.next()).value).toBe('retry: 3000\n\n');
  expect((await stream.next()).value).toBe(': heartbeat\nid: 5\n\n');
  await stream.return(undefined);
});

test('a client that comes back when all was pruned is told what is new', async () => {
  const app = await listening();
  app.clock.advance({ hours: 24 });
  await app.stores.upkeep.prune(await app.clock.now(), 1000);
  expect(await app.stores.journal.bounds()).toEqual({ first: 0, last: 0 });
  const stream = await app.listen('/events', { 'last-event-id': '2' });
  expect(stream.response.status).toBe(200);
  await must(app, 'open_batch/wf1');
  const [event] = await stream.take(1);
  expect([event?.id, event?.event]).toEqual(['3', 'batch-opened']);
});
