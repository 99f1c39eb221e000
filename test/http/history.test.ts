import { expect, test } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { encodeCursor } from '../../src/http/cursor.ts';
import { type TestApp, testApp } from './test-app.ts';

const cfg = {
  wf1: 'job1:\n  from_date: 2026-11-20\n  db_password: hunter2\n  nested: {api_token: t, list: [{Secret: s, plain: 1.0}]}\njob2:\n  from_date: 2026-11-20\n',
};

async function loaded(): Promise<TestApp> {
  const app = await testApp({ cfg });
  await must(app, 'load_cfg/wf1');
  return app;
}

async function must(app: TestApp, route: string): Promise<Record<string, Record<string, unknown>>> {
  const { status, json, text } = await app.call('POST', `/${route}`);
  expect(status, text).toBe(200);
  return json;
}

/** Opens and ends batches, an hour apart. @returns their ids, oldest first */
async function run(app: TestApp, ...outcomes: readonly ('close' | 'fail')[]): Promise<number[]> {
  const ids: number[] = [];
  for (const outcome of outcomes) {
    app.clock.advance({ hours: 1 });
    const opened = await must(app, 'open_batch/wf1');
    ids.push(opened['job1']?.['batch_id'] as number);
    await must(app, `${outcome}_batch/wf1?batch_id=${ids.at(-1)}&reason=test`);
  }
  return ids;
}

const idsOf = (answer: { json: { id: string }[] }): string[] => answer.json.map(({ id }) => id);

/** Follows the Link headers to the end. */
async function pages(app: TestApp, url: string): Promise<{ json: unknown[] }[]> {
  const found: { json: unknown[] }[] = [];
  for (let next: string | undefined = url; next !== undefined;) {
    const answer = await app.call('GET', next);
    expect(answer.status, answer.text).toBe(200);
    found.push(answer);
    next = /^<([^>]+)>; rel="next"$/.exec((answer.headers['link'] as string | undefined) ?? '')?.[1];
  }
  return found;
}

test('the batches of a workflow are listed newest first, with what became of each job', async () => {
  const app = await loaded();
  const [first, second] = await run(app, 'close', 'fail');
  const { status, json } = await app.call('GET', '/workflows/wf1/batches');
  expect(status).toBe(200);
  expect(json).toHaveLength(3);
  expect(json[0]).toMatchObject({
    batch_id: second,
    id: String(second),
    kind: 'batch',
    status: 'failed',
    opened_by: 'anonymous',
  });
  expect(json[0].jobs.job1).toEqual({
    status: 'failed',
    from_date: json[1].jobs.job1.batch_start,
    until: json[0].jobs.job1.batch_start,
    batch_start: json[0].opened_at,
    batch_end: expect.any(String),
    reason: 'test',
    ended_by: 'anonymous',
  });
  expect(json[1]).toMatchObject({ batch_id: first, status: 'success' });
  expect(json[2]).toMatchObject({ kind: 'init', status: 'new', id: expect.stringMatching(/^\d+-init$/) });
});

test('pages follow one another without loss or repetition, while new batches are opened', async () => {
  const app = await loaded();
  const ids = await run(app, 'close', 'close', 'fail', 'close', 'close');
  const first = await app.call('GET', '/workflows/wf1/batches?limit=2&kind=batch');
  await run(app, 'close');
  const link = /^<([^>]+)>/.exec(first.headers['link'] as string)?.[1] as string;
  expect(link).toMatch(/^\/workflows\/wf1\/batches\?limit=2&kind=batch&cursor=/);
  const rest = await pages(app, link);
  const seen = [first, ...rest].flatMap((page) => idsOf(page as { json: { id: string }[] }));
  expect(seen).toEqual(ids.map(String).toReversed());
});

test('batches are filtered by status, job, kind and time of opening', async () => {
  const app = await loaded();
  const ids = await run(app, 'close', 'fail', 'close');
  await must(app, 'open_batch/wf1?job=job2');
  const { json: all } = await app.call('GET', '/workflows/wf1/batches');
  const [open, third, second, first] = all as { id: string; opened_at: string }[];
  const list = async (query: string): Promise<string[]> =>
    idsOf(await app.call('GET', `/workflows/wf1/batches?${query}`));
  expect(await list('status=failed')).toEqual([second?.id]);
  expect(await list('status=open')).toEqual([open?.id]);
  expect(await list('job=job1&kind=batch')).toEqual(ids.map(String).toReversed());
  expect(await list('kind=init')).toHaveLength(1);
  expect(await list('kind=foreign')).toEqual([]);
  expect(await list(`opened_after=${first?.opened_at}&opened_before=${third?.opened_at}`)).toEqual([second?.id]);
});

test('a filter that few match still finds them behind its cursor', async () => {
  const app = await loaded();
  await run(app, 'fail', 'close', 'close', 'close', 'fail', 'close');
  const found = await pages(app, '/workflows/wf1/batches?status=failed&limit=1');
  expect(found.flatMap(({ json }) => json)).toHaveLength(2);
});

test('one batch is answered with its parameters, secrets masked at any depth, numbers as they were written', async () => {
  const app = await loaded();
  const [id] = await run(app, 'close');
  const { status, text, json } = await app.call('GET', `/workflows/wf1/batches/${id}`);
  expect(status).toBe(200);
  expect(json.parameters.job1).toMatchObject({ db_password: '***', batch_id: id, status: 'success' });
  expect(text).toContain('"nested":{"api_token":"***","list":[{"Secret":"***","plain":1.0}]}');
  expect(text).not.toContain('hunter2');
  const { json: all } = await app.call('GET', '/workflows/wf1/batches?kind=init');
  const init = await app.call('GET', `/workflows/wf1/batches/${all[0].id}`);
  expect(init.json).toMatchObject({ id: all[0].id, parameters: { job1: { db_password: '***' } } });
});

test('the classic routes answer the secrets verbatim, since the tool that asks needs them', async () => {
  const app = await loaded();
  expect((await app.call('GET', '/get_status/wf1')).json.job1.db_password).toBe('hunter2');
});

test('coverage shows windows, the overlap that reprocessing makes, and a gap', async () => {
  const app = await loaded();
  await run(app, 'close', 'close');
  const backfill = await app.call('POST', '/workflows/wf1/backfill', {
    body: { from: '2026-10-01', to: '2026-10-02', job: 'job1' },
  });
  const [id] = Object.values(backfill.json as Record<string, { batch_id: number }>).map(({ batch_id: each }) => each);
  await must(app, `close_batch/wf1?batch_id=${id}`);
  const { json } = await app.call('GET', '/workflows/wf1/coverage?job=job1');
  expect(json).toMatchObject({ workflow: 'wf1', truncated: false });
  expect(json.jobs).toHaveLength(1);
  const [{ windows, gaps, overlaps }] = json.jobs;
  expect(windows).toHaveLength(3);
  expect(windows[0]).toEqual({ batch_id: id, from: '2026-10-01T00:00:00.000000', until: '2026-10-02T00:00:00.000000' });
  expect(gaps).toEqual([{ from: '2026-10-02T00:00:00.000000', until: '2026-11-20T00:00:00.000000' }]);
  expect(overlaps).toEqual([]);
  expect(windows[1].until).toBe(windows[2].from);
});

test('coverage is cut where the limit says, and goes on from there', async () => {
  const app = await loaded();
  await run(app, 'close', 'close', 'close');
  const whole = (await app.call('GET', '/workflows/wf1/coverage?job=job1')).json.jobs[0].windows;
  const part = (await app.call('GET', '/workflows/wf1/coverage?job=job1&limit=2')).json;
  expect(part.truncated).toBe(true);
  expect(part.jobs[0].windows).toEqual(whole.slice(0, 2));
  const rest = (await app.call('GET', `/workflows/wf1/coverage?job=job1&from=${whole[1].until}`)).json;
  expect(rest.jobs[0].windows).toEqual(whole.slice(2));
  const early = (await app.call('GET', `/workflows/wf1/coverage?job=job1&to=${whole[1].from}`)).json;
  expect(early.jobs[0].windows).toEqual(whole.slice(0, 1));
});

test('the journal tells newest first what happened, page by page', async () => {
  const app = await loaded();
  const [id] = await run(app, 'fail');
  const { json } = await app.call('GET', '/workflows/wf1/journal');
  expect(json.map(({ type }: { type: string }) => type)).toEqual([
    'batch-failed',
    'batch-opened',
    'configuration-loaded',
  ]);
  expect(json[0]).toMatchObject({ workflow: 'wf1', by: 'anonymous', reason: 'test', batch_id: id });
  expect(json[0].jobs[0]).toMatchObject({ job: 'job1', before: { status: 'open' }, after: { status: 'failed' } });
  const paged = await pages(app, '/workflows/wf1/journal?limit=1');
  expect(paged).toHaveLength(3);
  expect(paged.flatMap((page) => page.json)).toEqual(json);
});

test('asked for lines, lists give everything from there on, one JSON text a line', async () => {
  const app = await loaded();
  await run(app, ...Array.from({ length: 230 }, () => 'close' as const));
  const lines = { headers: { accept: 'application/json;q=0.5, application/x-ndjson' } };
  const batches = await app.call('GET', '/workflows/wf1/batches?limit=1&kind=batch', lines);
  expect(batches.headers['content-type']).toBe('application/x-ndjson');
  const ids = batches.text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { batch_id: number }).batch_id);
  expect(ids).toHaveLength(230);
  expect(ids).toEqual(ids.toSorted((one, other) => other - one));
  const journal = await app.call('GET', '/workflows/wf1/journal', lines);
  const sequences = journal.text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { sequence: number }).sequence);
  expect(sequences).toEqual(Array.from({ length: 461 }, (_, index) => 461 - index));
  const page = await app.call('GET', '/workflows/wf1/journal?limit=400');
  const rest = await app.call('GET', /<([^>]+)>/.exec(page.headers['link'] as string)?.[1] as string, lines);
  expect(rest.text.trimEnd().split('\n')).toHaveLength(61);
});

test('lines that cannot all be read end in a broken connection, never in a shorter list', async () => {
  const app = await testApp({
    cfg,
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      const read: typeof stores.journal.read = (page) =>
        page.beyond === null ? stores.journal.read(page) : Promise.reject(new Error('the store is away'));
      return { ...stores, journal: { ...stores.journal, read } };
    },
  });
  await must(app, 'load_cfg/wf1');
  await run(app, ...Array.from({ length: 120 }, () => 'close' as const));
  const address = await app.server.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(`${address}/workflows/wf1/journal`, { headers: { accept: 'application/x-ndjson' } });
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow();
});

test('an empty list of lines is empty', async () => {
  const app = await loaded();
  const answer = await app.call('GET', '/workflows/wf1/batches?kind=foreign', {
    headers: { accept: 'application/x-ndjson' },
  });
  expect(answer).toMatchObject({ status: 200, text: '' });
});

test.each(['batches', 'batches/1795298014', 'coverage', 'journal'])('an unknown workflow has no %s', async (list) => {
  const app = await testApp();
  for (const accept of ['application/json', 'application/x-ndjson']) {
    const { status, json } = await app.call('GET', `/workflows/nope/${list}`, { headers: { accept } });
    expect(status).toBe(404);
    expect(json.type).toBe('/problems/unknown-workflow');
  }
});

test('history outlives its workflow', async () => {
  const app = await loaded();
  await run(app, 'close');
  expect((await app.call('DELETE', '/workflows/wf1?confirm=wf1')).status).toBe(204);
  expect((await app.call('GET', '/workflows/wf1/batches?kind=batch')).json).toHaveLength(1);
  expect((await app.call('GET', '/workflows/wf1/journal?limit=1')).json[0].type).toBe('workflow-deleted');
});

const wrong: readonly (readonly [url: string, status: number, about: string])[] = [
  ['batches?limit=0', 400, 'limit'],
  ['batches?limit=501', 400, 'limit'],
  ['batches?limit=ten', 400, 'limit'],
  ['batches?status=done', 400, 'status'],
  ['batches?kind=all', 400, 'kind'],
  ['batches?opened_after=yesterday', 400, 'opened_after'],
  ['batches?colour=red', 400, 'colour'],
  ['batches?cursor=', 400, 'cursor'],
  ['batches?cursor=%00', 400, 'cursor'],
  ['batches?cursor=bm9uc2Vuc2U', 400, 'cursor'],
  [`batches?cursor=${encodeCursor({ sequence: 1 })}`, 400, 'cursor'],
  [`batches?cursor=${encodeCursor({ number: 1.5, id: '1' })}`, 400, 'cursor'],
  [`journal?cursor=${encodeCursor({ number: 1, id: '1' })}`, 400, 'cursor'],
  [`journal?cursor=${Buffer.from('[1]').toString('base64url')}`, 400, 'cursor'],
  ['journal?limit=-1', 400, 'limit'],
  ['coverage?job=nope', 404, 'nope'],
  ['coverage?from=2026-02-30', 400, 'from'],
  ['batches/1', 404, 'unknown-batch'],
  ['batches/abc', 400, 'batch_id'],
  ['batches/1-INIT', 400, 'batch_id'],
  ['batches/9999999999999999999', 400, 'batch_id'],
];
test.each(wrong)('%s is refused with %i, which names %s', async (url, status, about) => {
  const app = await loaded();
  const before = await app.everything();
  const answer = await app.call('GET', `/workflows/wf1/${url}`);
  expect(answer.status, answer.text).toBe(status);
  expect(answer.text).toContain(about);
  expect(await app.everything()).toBe(before);
});
