import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sqlWriter, type SqlWriterOptions } from '../../../src/runner/items/sql-writer.ts';
import { anyChunk } from './any-chunk.ts';
import { describeOnEach, writeAll, type TestChunk } from './sql-databases.ts';
import { stepContext } from './sql-step-context.ts';

describeOnEach('sqlWriter', (database) => {
  const writer = (options: Omit<SqlWriterOptions, 'connection'>) =>
    sqlWriter({ ...options, connection: () => database().url });
  const write = (options: Omit<SqlWriterOptions, 'connection'>, ...chunks: TestChunk[]) =>
    writeAll(writer(options), chunks);
  const one = (...items: unknown[]): TestChunk => ({ chunkId: 'chunk 1', items });
  const rows = async (table: string, order = 'id') =>
    (await database().rows(`select * from ${table} order by ${order}`)).map((row) => ({ ...row }));

  it('replaces a row that has the same key in the columns that are given', async () => {
    await database().run('create table upserted (id int primary key, name text, place text)');
    await database().run("insert into upserted values (1, 'old', 'here')");
    await write(
      { table: 'upserted', key: ['id'] },
      one({ id: 1, name: 'new' }, { id: 2, name: 'two', place: undefined }),
    );
    expect(await rows('upserted')).toEqual([
      { id: 1, name: 'new', place: 'here' },
      { id: 2, name: 'two', place: null },
    ]);
  });

  it('lets the last of several rows of a chunk with the same key win', async () => {
    await database().run('create table repeated (id int primary key, name text)');
    const items = [1, 2, 1, 3, 1].map((id, place) => ({ id, name: `${place}` }));
    await write({ table: 'repeated', key: ['id'] }, one(...items));
    expect(await rows('repeated')).toEqual([
      { id: 1, name: '4' },
      { id: 2, name: '1' },
      { id: 3, name: '3' },
    ]);
  });

  it('leaves a row alone that is all key', async () => {
    await database().run('create table pairs (id int, other int, primary key (id, other))');
    const pair = { id: 1, other: 2 };
    await write({ table: 'pairs', key: ['id', 'other'] }, one(pair), one(pair, { ...pair, other: 3 }));
    expect(await rows('pairs', 'id, other')).toEqual([pair, { id: 1, other: 3 }]);
  });

  it('writes each chunk once without a key, even into two tables', async () => {
    await database().run('create table lines (id int); create table others (id int)');
    const chunks = ['a', 'b', 'a', 'b', 'b'].map((chunkId) => ({ chunkId, items: [{ id: 1 }, { id: 1 }] }));
    for (const table of ['lines', 'others']) await write({ table }, ...chunks);
    expect(await rows('lines')).toHaveLength(4);
    expect(await rows('others')).toHaveLength(4);
    const noted = await database().rows(
      "select chunk_id, written_at from batchy_chunks where target = 'lines' order by 1",
    );
    expect(noted.map((row) => row['chunk_id'])).toEqual(['a', 'b']);
    expect(noted.every((row) => row['written_at'] !== null)).toBe(true);
  });

  it('is open in several places at once when there is no table of chunks yet', async () => {
    await database().run('drop table if exists batchy_chunks; create table raced (id int)');
    const chunks = Array.from({ length: 6 }, (_none, index) => ({
      chunkId: `raced ${index % 3}`,
      items: [{ id: index % 3 }],
    }));
    await Promise.all(chunks.map((chunk) => write({ table: 'raced' }, chunk)));
    expect(await rows('raced')).toEqual([{ id: 0 }, { id: 1 }, { id: 2 }]);
  });

  it.each([{ key: ['id'] }, {}])('leaves nothing of a chunk with a bad row, and tells the row (%j)', async (keyed) => {
    const table = 'key' in keyed ? 'strict_keyed' : 'strict';
    await database().run(`create table ${table} (id int not null primary key, size int check (size < 100))`);
    const good = Array.from({ length: 600 }, (_none, id) => ({ id, size: 1 }));
    const chunk = one(...good.with(433, { id: 433, size: 100 }));
    await expect(write({ table, ...keyed }, chunk)).rejects.toMatchObject({
      name: 'ItemError',
      position: 'row 434 of the chunk',
      message: expect.stringMatching(/row 434 of the chunk is refused by the table "strict.*constraint/i) as string,
    });
    expect(await rows(table)).toEqual([]);
    // The chunk does not count as written: the mended one is.
    await write({ table, ...keyed }, one(...good));
    expect(await rows(table)).toHaveLength(600);
  });

  it('tells a bad row of a chunk of one', async () => {
    await database().run('create table single (id int not null)');
    await expect(write({ table: 'single' }, one({ id: null }))).rejects.toMatchObject({
      name: 'ItemError',
      position: 'row 1 of the chunk',
    });
  });

  it.each([
    ['a list', [1], /row 2 of the chunk is a list, not an object/],
    ['a text', 'x', /is a string, not an object/],
    ['null', null, /is null, not an object/],
    ['an empty object', {}, /has no columns/],
    ['an unknown column', { id: 2, nmae: 'x' }, /there is no column "nmae" .*there are "id", "name"/],
    ['no key', { name: 'x' }, /has no "id", which is in the key/],
    ['a key that is null', { id: null, name: 'x' }, /has null in "id", which is in the key/],
    ['a function', { id: 2, name: () => 1 }, /cannot be stored in column "name": a function/],
    ['an invalid date', { id: 2, name: new Date('x') }, /cannot be stored in column "name": an invalid Date/],
  ])('refuses %s as a row', async (_what, item, message) => {
    await database().run('create table if not exists fitting (id int primary key, name text)');
    const writing = write({ table: 'fitting', key: ['id'] }, one({ id: 1, name: 'a' }, item));
    await expect(writing).rejects.toMatchObject({ name: 'ItemError', position: 'row 2 of the chunk' });
    await expect(writing).rejects.toThrow(message);
    expect(await rows('fitting')).toEqual([]);
  });

  it('tells what a constraint refuses that is looked at when the transaction ends', async () => {
    await database().run('create table parents (id int primary key)');
    await database().run(
      'create table children (id int primary key, parent int references parents deferrable initially deferred)',
    );
    const orphan = (id: number) => ({ id, parent: 7 });
    const target = { table: 'children', key: ['id'] };
    const single = write(target, one(orphan(1)));
    await expect(single).rejects.toMatchObject({ name: 'ItemError', position: 'row 1 of the chunk' });
    await expect(single).rejects.toThrow(/foreign key/i);
    await expect(write(target, one(orphan(1), orphan(2)))).rejects.toThrow(/the chunk cannot be written.*foreign key/i);
    expect(await rows('children')).toEqual([]);
  });

  it('writes the same keys from several writers in any order', async () => {
    await database().run('create table contended (id int primary key, label text)');
    const items = Array.from({ length: 2000 }, (_none, id) => ({ id, label: 'x' }));
    const target = { table: 'contended', key: ['id'] };
    await Promise.all([items, items.toReversed(), items].map((each) => write(target, one(...each))));
    expect(await rows('contended')).toHaveLength(items.length);
  });

  it('says what is wrong with the table or the key', async () => {
    await database().run('create table unindexed (id int, name text)');
    await expect(write({ table: 'sales.orders' })).rejects.toThrow(
      /no table "sales.orders": create it first.*\{ schema, table \}/,
    );
    await expect(write({ table: 'unindexed', schema: 'absent' })).rejects.toThrow(/absent/);
    await expect(write({ table: 'unindexed', key: ['nr'] })).rejects.toThrow(
      /the key of sqlWriter: there is no column "nr"/,
    );
    const writing = write({ table: 'unindexed', key: ['id'] }, one({ id: 1 }));
    await expect(writing).rejects.toThrow(/SqlError|Create a unique index over \("id"\)/);
    await expect(writing).rejects.toMatchObject({ name: 'SqlError' });
  });

  it('writes names that need quoting', async () => {
    const table = 'x"; drop table y; --\'.z';
    const columns = ['sel"ect', '__proto__', 'ünï', 'a.b', 'constructor', "'"];
    const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
    await database().run(`create table ${quoted(table)} (${columns.map((name) => `${quoted(name)} text`).join()})`);
    await database().run(`create unique index hostile on ${quoted(table)} (${quoted(columns[0]!)})`);
    const item = Object.fromEntries(columns.map((name) => [name, `'"; drop table ${name}`]));
    await write({ table, key: [columns[0]!] }, one(item), one(item));
    await write({ table }, { chunkId: '\'"', items: [{ ...item, 'sel"ect': 'b' }] });
    const written = await database().rows(`select ${columns.slice(2).map(quoted).join()} from ${quoted(table)}`);
    const { ['sel"ect']: _key, ['__proto__']: _proto, ...rest } = item;
    expect(written.map((row) => ({ ...row }))).toEqual([rest, rest]);
  });

  it('keeps every digit, and texts as they are', async () => {
    await database().run('create table digits (id bigint primary key, exact numeric, label text, at text)');
    const at = new Date(Date.UTC(2024, 0, 31, 10, 0, 0, 123));
    await write(
      { table: 'digits', key: ['id'] },
      one(
        { id: 9007199254740993n, exact: '0.5', label: 1, at },
        { id: 1, exact: null, label: "'\u{1f600}\n", at: { a: [1] } },
        { id: '9223372036854775807', exact: 2, label: 10n, at: [1, 'x'] },
      ),
    );
    const written = await database().rows(
      'select cast(id as text) as id, cast(exact as text) as exact, label, at from digits order by digits.id',
    );
    expect(written.map((row) => ({ ...row }))).toEqual([
      { id: '1', exact: null, label: "'\u{1f600}\n", at: '{"a":[1]}' },
      { id: '9007199254740993', exact: '0.5', label: '1', at: '2024-01-31T10:00:00.123Z' },
      { id: '9223372036854775807', exact: '2', label: '10', at: '[1,"x"]' },
    ]);
  });

  it('keeps to the limit of values in a statement, for chunks of any size and any columns', async () => {
    const columns = Array.from({ length: 300 }, (_none, index) => `c${index}`);
    await database().run(`create table wide (id int primary key, ${columns.map((name) => `${name} int`).join()})`);
    const row = Object.fromEntries(columns.map((name, index) => [name, index]));
    const items = Array.from({ length: 777 }, (_none, id) => (id % 50 === 0 ? { id, c7: 7 } : { id, ...row }));
    await write({ table: 'wide', key: ['id'] }, one(...items));
    const [sums] = await database().rows('select count(*) as n, sum(c7) as c7, sum(c299) as c299 from wide');
    expect(Object.values(sums ?? {}).map(Number)).toEqual([777, 7 * 777, 299 * (777 - 16)]);
  });

  it('has each row once, however rows are split into chunks and chunks come again', async () => {
    let run = 0;
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
    const plan = fc.record({
      sizes,
      keyed: fc.boolean(),
      // After each chunk: how many of the last ones come again, from which writer.
      again: fc.array(fc.tuple(fc.nat(3), fc.boolean()), { maxLength: 8 }),
      bad: fc.option(fc.nat(200)),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ sizes: lengths, keyed, again, bad }) => {
        run += 1;
        const table = `split_${run}`;
        const identity = keyed ? 'int primary key' : 'int';
        await database().run(`create table ${table} (id ${identity}, twice int check (twice >= 0))`);
        const target = keyed ? { table, key: ['id'] } : { table };
        let id = 0;
        const chunks = lengths.map((length, index) => ({
          chunkId: `${run}:${index}`,
          items: Array.from({ length }, () => ({ id: ++id, twice: 2 * id })),
        }));
        const replays = chunks.flatMap((chunk, index) => {
          const [count = 0] = again[index] ?? [];
          return [chunk, ...chunks.slice(Math.max(0, index + 1 - count), index + 1)];
        });
        const fresh = again.some(([, afresh]) => afresh);
        if (bad !== null) {
          // A chunk that fails, with the identity of one that comes later, leaves nothing behind.
          const chunk = chunks[bad % chunks.length]!;
          const items = [...chunk.items, { id: 0, twice: -1 }];
          await expect(write(target, { ...chunk, items })).rejects.toThrow(
            `row ${items.length} of the chunk is refused`,
          );
        }
        if (fresh) for (const chunk of replays) await write(target, chunk);
        else await write(target, ...replays);
        const expected = Array.from({ length: id }, (_none, index) => ({ id: index + 1, twice: 2 * (index + 1) }));
        expect(await rows(table)).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    ['keyed', 1, 2],
    ['keyed', 2, 1],
    ['unkeyed', 1, 2],
  ])('refuses a process that was succeeded (%s, step execution %i, lease %i)', async (kind, stepExecutionId, lease) => {
    const table = `fenced_${kind}_${lease}`;
    await database().run(`create table ${table} (id int primary key, name text)`);
    const make = writer(kind === 'keyed' ? { table, key: ['id'] } : { table });
    const paused = await make(stepContext());
    const next = await make(stepContext());
    const scope = `the scope of ${table}`;
    const first = { ...anyChunk, fence: { scope, stepExecutionId: 1, lease: 1 } };
    const second = { ...anyChunk, fence: { scope, stepExecutionId, lease } };
    await paused.open(null);
    await paused.write([{ id: 1, name: 'first' }], { ...first, chunkId: `${table} 1` });
    await next.open(null);
    await next.write([{ id: 2, name: 'second' }], { ...second, chunkId: `${table} 2` });
    const late = paused.write([{ id: kind === 'keyed' ? 2 : 3, name: 'late' }], { ...first, chunkId: `${table} 3` });
    await expect(late).rejects.toMatchObject({ name: 'SqlError', isUncertain: true });
    await expect(late).rejects.toThrow('is written to by a later run of this step');
    // Whoever may write goes on, though somebody has tidied up.
    await next.write([{ id: 4, name: 'second' }], { ...second, chunkId: `${table} 4` });
    await database().run(`delete from batchy_fences where scope = '${scope}'`);
    await next.write([{ id: 5, name: 'second' }], { ...second, chunkId: `${table} 5` });
    await Promise.all([paused.close(), next.close()]);
    const name = 'second';
    expect(await rows(table)).toEqual([{ id: 1, name: 'first' }, ...[2, 4, 5].map((id) => ({ id, name }))]);
  });

  it('does not begin when the step was told to stop', async () => {
    await database().run('create table stopped (id int)');
    const stopping = await writer({ table: 'stopped' })(stepContext());
    await stopping.open(null);
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(stopping.write([{ id: 1 }], { ...anyChunk, chunkId: 'a', signal })).rejects.toThrow('stopped');
    await stopping.close();
    expect(stopping.checkpoint()).toBeNull();
    expect(await rows('stopped')).toEqual([]);
  });
});

describe('sqlWriter', () => {
  it('says at once which options make no sense', () => {
    expect(() => sqlWriter({ table: 'a', key: [] })).toThrow(/names no column/);
  });
});
