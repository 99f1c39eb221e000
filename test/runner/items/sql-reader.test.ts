import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sqlReader, type SqlReaderOptions } from '../../../src/runner/items/sql-reader.ts';
import { describeOnEach, readAll } from './sql-databases.ts';
import { stepContext } from './sql-step-context.ts';

describeOnEach('sqlReader', (database) => {
  const reader = (options: Omit<SqlReaderOptions, 'connection'>) =>
    sqlReader({ ...options, connection: () => database().url });
  const items = async (options: Omit<SqlReaderOptions, 'connection'>, parameters: Record<string, unknown> = {}) =>
    (await readAll(reader(options), { parameters })).map(({ item }) => ({ ...item }));

  it('gives the rows of a table in the order of its primary key', async () => {
    await database().run('create table keyed (id int not null primary key, name text)');
    await database().run("insert into keyed values (3, 'c'), (1, 'a'), (2, null)");
    expect(await items({ table: 'keyed' })).toEqual([
      { id: 1, name: 'a' },
      { id: 2, name: null },
      { id: 3, name: 'c' },
    ]);
  });

  it('gives nothing for an empty table, and stays at its checkpoint', async () => {
    await database().run('create table hollow (id int primary key)');
    expect(await items({ table: 'hollow' })).toEqual([]);
    expect(await items({ table: 'hollow', key: ['id'] })).toEqual([]);
    expect(await items({ query: 'select * from hollow' })).toEqual([]);
  });

  it('takes values of a query by name, wherever they stand', async () => {
    await database().run(
      "create table named (id int primary key, name text); insert into named values (1, ':a'), (2, 'x')",
    );
    const query = `select id, name, ':a' as "text :a" /* :a */ from named -- :a
      where name = :a or (id = cast(:id as int) and name = :name) -- :b`;
    const parameters = { a: ':a', id: 2, name: 'x' };
    expect(await items({ query, parameters, key: ['id'] })).toEqual([
      { id: 1, name: ':a', 'text :a': ':a' },
      { id: 2, name: 'x', 'text :a': ':a' },
    ]);
    const fromLaunch = (ctx: { parameters: Readonly<Record<string, unknown>> }) => ctx.parameters;
    expect(
      await items({ query: 'select id from named where id > :after', parameters: fromLaunch }, { after: 1 }),
    ).toEqual([{ id: 2 }]);
    await expect(items({ query: 'select :absent as x', parameters })).rejects.toThrow(
      /asks for :absent.*"a", "id", "name"/,
    );
  });

  it('never lets a value become part of the text', async () => {
    await database().run("create table safe (name text); insert into safe values ('x')");
    const name = "x'; drop table safe; --";
    expect(await items({ query: 'select * from safe where name = :name', parameters: { name } })).toEqual([]);
    expect(await items({ table: 'safe' })).toEqual([{ name: 'x' }]);
  });

  it('keeps the digits of great integers, as bigint, in checkpoints too', async () => {
    const great = ['9007199254740993', '9007199254740994', '9223372036854775807'];
    await database().run('create table great (id bigint primary key)');
    await database().run(`insert into great values (-9007199254740993), (7), ${great.map((id) => `(${id})`).join()}`);
    const read = await readAll(reader({ table: 'great', pageSize: 1 }));
    expect(read.map(({ item }) => item['id'])).toEqual([-9007199254740993n, 7, ...great.map(BigInt)]);
    const rest = await readAll(reader({ table: 'great' }), { from: read[2]!.checkpoint });
    expect(rest.map(({ item }) => item['id'])).toEqual(great.slice(1).map(BigInt));
  });

  it('reads names that need quoting, in tables, columns and keys', async () => {
    const table = 'drop"table; --\'.x';
    const [key, other] = ['sel"ect', '__proto__'];
    const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
    await database().run(`create table ${quoted(table)} (${quoted(key)} int not null, ${quoted(other)} text)`);
    await database().run(`insert into ${quoted(table)} values (1, 'a'), (2, 'b')`);
    const rows = (await readAll(reader({ table, key: [key], pageSize: 1 }))).map(({ item }) => Object.entries(item));
    expect(rows).toEqual([
      [
        [key, 1],
        [other, 'a'],
      ],
      [
        [key, 2],
        [other, 'b'],
      ],
    ]);
  });

  it('refuses a key that would lose rows: one that is null or not unique', async () => {
    await database().run(
      'create table loose (a int, b int); insert into loose values (1, 1), (1, 2), (2, null), (2, 1)',
    );
    await expect(items({ table: 'loose', key: ['a'] })).rejects.toThrow(/not unique: several rows have "\[1\]"/);
    await expect(items({ table: 'loose', key: ['a'], pageSize: 1 })).rejects.toThrow(/not unique/);
    await expect(items({ table: 'loose', key: ['a', 'b'] })).rejects.toThrow(/null in some rows/);
  });

  it('says what is missing: the table, a column of the key, a part of the query', async () => {
    await database().run('create table there (id int primary key)');
    await expect(items({ table: 'sales.orders' })).rejects.toThrow(/has no table "sales.orders".*\{ schema, table \}/);
    await expect(items({ table: 'there', key: ['ID'] })).rejects.toThrow(/no column "ID".*there are "id"/);
    await expect(items({ query: 'select * from absent' })).rejects.toThrow(
      /the query of sqlReader cannot be read.*absent/,
    );
    await expect(items({ query: 'selct 1' })).rejects.toThrow(/the query of sqlReader cannot be read/);
  });

  it('refuses a checkpoint of another key, rather than going on anywhere', async () => {
    await database().run(
      'create table changed (id int primary key, other int unique); insert into changed values (1, 2)',
    );
    const [first] = await readAll(reader({ table: 'changed' }));
    const from = first!.checkpoint;
    await expect(readAll(reader({ table: 'changed', key: ['other'] }), { from })).rejects.toThrow(/was changed since/);
    await expect(readAll(reader({ query: 'select 1 as one' }), { from })).rejects.toThrow(/was changed since/);
  });

  it('changes nothing in the database', async () => {
    await database().run('create table kept (id int primary key); insert into kept values (1)');
    const query = 'delete from kept returning id';
    await expect(items({ query })).rejects.toThrow(/cannot be read/);
    expect(await items({ table: 'kept' })).toEqual([{ id: 1 }]);
  });

  it('goes on behind any row, whatever the key, the page and the values are', async () => {
    let run = 0;
    const value = fc.option(
      fc.oneof(fc.constantFrom('', 'a', 'A', 'ä', ' ', '\u{1f600}'), fc.string({ maxLength: 3 })),
    );
    const rows = fc.array(fc.tuple(fc.integer({ min: -4, max: 4 }), value), { maxLength: 12 });
    const how = fc.constantFrom('key', 'primary key', 'no key', 'query', 'query with key');
    await fc.assert(
      fc.asyncProperty(rows, how, fc.integer({ min: 1, max: 5 }), fc.nat(12), async (made, way, pageSize, stop) => {
        run += 1;
        const table = `any_${run}`;
        const primary = way === 'primary key' ? ', primary key (b, a)' : '';
        await database().run(`create table ${table} (a int not null, b int not null, c text${primary})`);
        const lines = made.map(([a, c], b) => `(${a}, ${b}, ${c === null ? 'null' : literal(c)})`);
        if (lines.length > 0) await database().run(`insert into ${table} values ${lines.join()}`);
        const key = { key: ['a', 'b'] };
        const query = { query: `select * from ${table}` };
        const options = {
          key: { table, ...key },
          'primary key': { table },
          'no key': { table },
          query,
          'query with key': { ...query, ...key },
        }[way];
        const all = await readAll(reader({ ...options, pageSize }));
        const place = all[Math.min(stop, all.length) - 1]?.checkpoint ?? null;
        const rest = await readAll(reader({ ...options, pageSize }), { from: place });
        expect(rest.map(({ item }) => item)).toEqual(all.slice(stop).map(({ item }) => item));
        const sorted = (list: readonly unknown[]) => list.map((each) => JSON.stringify(each)).sort();
        const expected = made.map(([a, c], b) => ({ a, b, c: c?.replaceAll('\0', '') ?? null }));
        expect(sorted(all.map(({ item }) => item))).toEqual(sorted(expected));
      }),
      { numRuns: 60 },
    );
  });

  /** PostgreSQL stores no zero byte in a text. */
  function literal(text: string): string {
    return `'${text.replaceAll('\0', '').replaceAll("'", "''")}'`;
  }

  it('ends when the step is told to stop', async () => {
    const stop = new AbortController();
    const stopping = await sqlReader({ connection: database().url, query: 'select 1 as x' })(
      stepContext({}, stop.signal),
    );
    await stopping.open(null);
    stop.abort(new Error('stopped'));
    await expect(stopping.read()).rejects.toThrow('stopped');
    await stopping.close();
  });

  it('gives values as they are', async () => {
    if (database().kind === 'SQLite') {
      const query = "select 1 as i, 1.5 as r, 'x' as t, x'00ff' as b, null as n, 1e300 as big";
      expect(await items({ query })).toEqual([
        { i: 1, r: 1.5, t: 'x', b: new Uint8Array([0, 255]), n: null, big: 1e300 },
      ]);
      return;
    }
    const query = `select 1::smallint as i, 9007199254740993::bigint as big, 0.10000000000000000000000000001::numeric as exact, 0.1::real as f,
      'NaN'::float8 as nan, true as t, date '2024-01-31' as d, timestamp '2024-01-31 10:00:00.123456' as ts,
      timestamptz '2024-01-31 10:00:00.123456+02' as tz, '\\x00ff'::bytea as b, '{"a":9007199254740993}'::json as j, array[1,2] as l, null::int as n`;
    expect(await items({ query, key: ['i'] })).toEqual([
      {
        i: 1,
        big: 9007199254740993n,
        exact: '0.10000000000000000000000000001',
        f: 0.1,
        nan: Number.NaN,
        t: true,
        d: '2024-01-31',
        ts: '2024-01-31 10:00:00.123456',
        tz: '2024-01-31 08:00:00.123456+00',
        b: Buffer.from([0, 255]),
        j: '{"a":9007199254740993}',
        l: '{1,2}',
        n: null,
      },
    ]);
  });
});

describe('sqlReader', () => {
  it('says at once which options make no sense', () => {
    expect(() => sqlReader({})).toThrow(/either a table or a query/);
    expect(() => sqlReader({ table: 'a', query: 'select 1' })).toThrow(/either a table or a query/);
    expect(() => sqlReader({ table: 'a', key: [] })).toThrow(/names no column/);
    expect(() => sqlReader({ table: 'a', pageSize: 0 })).toThrow(/pageSize/);
  });
});
