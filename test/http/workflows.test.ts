import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { formatInstant } from '../../src/domain/time.ts';
import { statuses } from '../../src/domain/transitions.ts';
import { encodeCursor } from '../../src/http/cursor.ts';
import { pageWorkflows } from '../../src/service/workflow-pages.ts';
import { at, listing, put } from '../contract/fixtures.ts';
import { type TestApp, testApp } from './test-app.ts';

interface Listed {
  readonly name: string;
  readonly status: string;
  readonly updated_at: string;
}

/** Names and days that sort differently; every status; two that changed at the same moment. */
const days: Readonly<Record<string, string>> = {
  sales: '03',
  Sales: '01',
  sales2: '02',
  stock: '02',
  _x: '05',
  'a.b-c': '09',
  'sales.eu': '07',
};

let app: TestApp;
const addWorkflow = (name: string, index: number, updatedAt: string): Promise<void> =>
  put(app.stores, { name, listing: listing({ status: statuses[index % 4] ?? 'new', updated_at: updatedAt }) });

beforeEach(async () => {
  app = await testApp();
  for (const [index, [name, day]] of Object.entries(days).entries())
    await addWorkflow(name, index, `2026-01-${day}T00:00:00.000001`);
});

async function get(url: string): Promise<{ items: Listed[]; next: string | undefined }> {
  const { status, json, text, headers } = await app.call('GET', url);
  expect(status, text).toBe(200);
  return { items: json, next: /^<([^>]+)>; rel="next"$/.exec((headers['link'] as string | undefined) ?? '')?.[1] };
}

async function follow(url: string, between: () => Promise<void> = async () => {}): Promise<Listed[]> {
  const found: Listed[] = [];
  for (let next: string | undefined = url; next !== undefined;) {
    const page = await get(next);
    found.push(...page.items);
    next = page.next;
    await between();
  }
  return found;
}

const named = (items: readonly Listed[]): string[] => items.map(({ name }) => name);

test('the list is by name, says status and change, and ends without a Link', async () => {
  const { items, next } = await get('/workflows');
  expect(named(items)).toEqual(['Sales', '_x', 'a.b-c', 'sales', 'sales.eu', 'sales2', 'stock']);
  expect(items[0]).toEqual({ name: 'Sales', status: 'open', updated_at: '2026-01-01T00:00:00.000001' });
  expect(next).toBeUndefined();
});

/** Every combination, against the plain definition of what it should give. */
const combinations = ['name', 'updated_at'].flatMap((sort) =>
  ['asc', 'desc'].flatMap((order) =>
    ['', ...statuses].flatMap((status) =>
      ['', 'sales', 'none'].flatMap((prefix) =>
        [
          ['', ''],
          ['2026-01-02T00:00:00.000001', ''],
          ['', '2026-01-05T00:00:00.000001'],
          ['2026-01-02', '2026-01-07T01:00:00.000001+01:00'],
          ['2026-01-02T00:00:00.000000999', '2026-01-05T00:00:00.000001001'],
          ['2026-01-05', '2026-01-02'],
        ].map(([after = '', before = '']) => ({
          sort,
          order,
          status,
          prefix,
          updated_after: after,
          updated_before: before,
        })),
      ),
    ),
  ),
);
test.each([1, 2, 500])('sort, order, status, prefix and times go together, with %i in a page', async (limit) => {
  const { items: all } = await get('/workflows');
  for (const combination of combinations) {
    const { sort, order, status, prefix, updated_after: after, updated_before: before } = combination;
    const given = Object.entries(combination).filter(([, value]) => value !== '');
    const url = `/workflows?${new URLSearchParams([...given, ['limit', String(limit)]]).toString()}`;
    const key = (item: Listed): string => (sort === 'name' ? item.name : `${item.updated_at} ${item.name}`);
    const expected = all
      .filter((item) => status === '' || item.status === status)
      .filter((item) => item.name.startsWith(prefix))
      .filter((item) => after === '' || at(item.updated_at) > at(after))
      .filter((item) => before === '' || at(item.updated_at) < at(before))
      .sort((one, other) => (key(one) < key(other) ? -1 : 1) * (order === 'asc' ? 1 : -1));
    expect(await follow(url), url).toEqual(expected);
    const lines = await app.call('GET', url, { headers: { accept: 'application/x-ndjson' } });
    expect(lines.headers['content-type']).toBe('application/x-ndjson');
    expect(lines.text, url).toBe(expected.map((item) => `${JSON.stringify(item)}\n`).join(''));
  }
});

test('the next page keeps the filters', async () => {
  const { next } = await get('/workflows?limit=1&sort=updated_at&order=desc&prefix=s&updated_after=2026-01-01');
  expect(next).toMatch(/^\/workflows\?limit=1&sort=updated_at&order=desc&prefix=s&updated_after=2026-01-01&cursor=/);
});

describe('while workflows are added', () => {
  test.each(['asc', 'desc'])(
    'pages by name (%s) show each that was there before once, and nothing twice',
    async (order) => {
      const before = named((await get('/workflows')).items);
      let added = 0;
      const seen = named(
        await follow(`/workflows?limit=2&order=${order}`, async () => {
          added += 1;
          await addWorkflow(`a-new-${added}`, added, '2026-02-01');
          await addWorkflow(`sold-${added}`, added, '2026-02-01');
          if (added > 50) throw new Error('the list never ends');
        }),
      );
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(expect.arrayContaining(before));
      expect(seen).toEqual(seen.toSorted((one, other) => (one < other ? -1 : 1) * (order === 'asc' ? 1 : -1)));
    },
  );

  test('pages by change, newest first, show exactly what was there when they began', async () => {
    const url = '/workflows?sort=updated_at&order=desc';
    const { items: before } = await get(url);
    let added = 0;
    const seen = await follow(`${url}&limit=2`, async () => {
      added += 1;
      await addWorkflow(`new-${added}`, added, `2026-02-0${added}`);
    });
    expect(seen).toEqual(before);
  });

  test('a workflow that is deleted where a page ended does not end the list', async () => {
    const { next } = await get('/workflows?limit=3');
    await put(app.stores, { name: 'a.b-c', head: null, listing: listing() });
    expect(named(await follow(next ?? ''))).toEqual(['sales', 'sales.eu', 'sales2', 'stock']);
  });
});

test('lines go on from a cursor, to the end, whatever the limit', async () => {
  for (let index = 0; index < 450; index += 1) await addWorkflow(`wf${index}`, index, '2026-03-01');
  const { items, next } = await get('/workflows?limit=3');
  const { text } = await app.call('GET', next ?? '', { headers: { accept: 'application/x-ndjson' } });
  const rest = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Listed);
  expect(named([...items, ...rest])).toEqual(named(await follow('/workflows?limit=500')));
  expect(rest).toHaveLength(454);
});

test('lines that cannot all be read end in a broken connection, never in a shorter list', async () => {
  const broken = await testApp({
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      for (let index = 0; index < 250; index += 1) await put(stores, { name: `wf${index}`, listing: listing() });
      const workflows: typeof stores.reader.workflows = (page) =>
        page.after === null ? stores.reader.workflows(page) : Promise.reject(new Error('the store is away'));
      return { ...stores, reader: { ...stores.reader, workflows } };
    },
  });
  const address = await broken.server.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(`${address}/workflows`, { headers: { accept: 'application/x-ndjson' } });
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow();
});

test('a page by name that few match is cut short rather than walking the whole store, and goes on', async () => {
  let walked = 0;
  const workflows = Array.from({ length: 10_000 }, (_, index) => ({
    name: `wf${String(index).padStart(5, '0')}`,
    status: 'new' as const,
    updatedAt: at(index === 9_999 ? '2026-06-01' : '2026-01-01'),
  }));
  const filter = {
    sort: 'name',
    descending: false,
    status: null,
    prefix: '',
    limit: 50,
    updatedAfter: at('2026-05-01'),
    updatedBefore: null,
  } as const;
  const found: string[] = [];
  let after: { name: string; updatedAt: bigint } | null = null;
  let pages = 0;
  do {
    walked = 0;
    const page = await pageWorkflows(
      async ({ after: from, limit }) => {
        const begin = from === null ? 0 : workflows.findIndex(({ name }) => name === from.name) + 1;
        walked += limit;
        return workflows.slice(begin, begin + limit);
      },
      { ...filter, after },
    );
    expect(walked).toBeLessThan(2100);
    found.push(...page.workflows.map(({ name }) => name));
    after = page.next;
    pages += 1;
  } while (after !== null);
  expect(found).toEqual(['wf09999']);
  expect(pages).toBeGreaterThan(3);
});

const time = formatInstant(at('2026-01-01'));
test.each<[query: string, about: string]>([
  ['limit=0', 'limit'],
  ['limit=501', 'limit'],
  ['limit=-1', 'limit'],
  ['limit=1e2', 'limit'],
  ['limit=', 'limit'],
  ['limit=1&limit=2', 'limit'],
  ['status=failure', 'status'],
  ['sort=size', 'sort'],
  ['order=up', 'order'],
  ['prefix=', 'prefix'],
  [`prefix=${'x'.repeat(129)}`, 'prefix'],
  ['updated_after=yesterday', 'updated_after'],
  ['updated_after=', 'updated_after'],
  ['updated_before=2026-02-30', 'updated_before'],
  ['updated_before=2026-01-01&updated_before=2026-01-02', 'updated_before'],
  ['colour=red', 'colour'],
  ['cursor=', 'cursor'],
  ['cursor=%00', 'cursor'],
  [`cursor=${'A'.repeat(1001)}`, 'cursor'],
  ['cursor=bm9uc2Vuc2U', 'cursor'],
  [`cursor=${encodeCursor({ sequence: 1 })}`, 'cursor'],
  [`cursor=${encodeCursor({ name: 'sales' })}`, 'cursor'],
  [`cursor=${encodeCursor({ name: 1, updated_at: time })}`, 'cursor'],
  [`cursor=${encodeCursor({ name: 'sales', updated_at: 'soon' })}`, 'cursor'],
  [`cursor=${encodeCursor({ name: 'sales', updated_at: 5 })}`, 'cursor'],
  [`cursor=${encodeCursor({ name: 'a\u0000b', updated_at: time })}`, 'cursor'],
  [`cursor=${encodeCursor({ name: '\ud800', updated_at: time })}`, 'cursor'],
  [`cursor=${encodeCursor({ name: '../../etc/passwd', updated_at: time })}`, 'cursor'],
  [`cursor=${encodeCursor({ name: 'wf1-1467149783', updated_at: time })}`, 'cursor'],
])('%s is refused, naming %s', async (query, about) => {
  for (const accept of ['application/json', 'application/x-ndjson']) {
    const { status, text } = await app.call('GET', `/workflows?${query}`, { headers: { accept } });
    expect(status, text).toBe(400);
    expect(text).toContain(about);
  }
});

test('limits of 1 and 500 are taken', async () => {
  expect((await get('/workflows?limit=1')).items).toHaveLength(1);
  expect((await get('/workflows?limit=500')).items).toHaveLength(7);
});

test('no cursor and no filter is answered with anything but 200 or 400', async () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('name', 'desc', time, '~', ''));
  const field = fc.constantFrom('cursor', 'prefix', 'updated_after', 'updated_before', 'sort', 'status', 'limit');
  const cursor = fc
    .record({ name: text, updated_at: text })
    .map((position): [string, string] => ['cursor', encodeCursor(position)]);
  const query = fc.array(fc.oneof(fc.tuple(field, text), cursor), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(query, async (pairs) => {
      const search = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&');
      const { status } = await app.call('GET', `/workflows?${search}`);
      expect([200, 400]).toContain(status);
    }),
    { numRuns: 300 },
  );
});
