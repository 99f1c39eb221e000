import { copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inspect } from 'node:util';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSqlDatabase } from '../../../src/runner/items/sql-connection.ts';
import { openPostgres } from '../../../src/runner/items/sql-postgres.ts';
import { sqlReader } from '../../../src/runner/items/sql-reader.ts';
import { sqlWriter } from '../../../src/runner/items/sql-writer.ts';
import { anyChunk } from './any-chunk.ts';
import { freePort } from '../../servers/free-port.ts';
import { describeWithPostgres, startPostgres, type PostgresServer } from '../../servers/postgres.ts';
import { readAll, writeAll } from './sql-databases.ts';
import { stepContext } from './sql-step-context.ts';

const password = 'p4ss w0rd';
const open = (connection?: string) => openSqlDatabase(connection, stepContext(), { user: 'sqlReader', readOnly: true });

/** Everything that is told of an error, down to its last cause. */
async function told(failing: Promise<unknown>): Promise<string> {
  const error: unknown = await failing.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  return inspect(error, { depth: 20, showHidden: true });
}

describe('the connection of a reader or writer', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'batchy-sql-'));
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  const createDatabase = (): { file: string; database: DatabaseSync } => {
    const file = path.join(folder, 'some database.db');
    const database = new DatabaseSync(file);
    database.exec('create table t (id int not null primary key); insert into t values (1)');
    return { file, database };
  };

  it('is a file, or the name of a variable that holds it, DATABASE_URL if nothing is said', async () => {
    const { file, database } = createDatabase();
    database.close();
    vi.stubEnv('ORDERS_URL', `sqlite:${file}`);
    vi.stubEnv('DATABASE_URL', `sqlite://${file}`);
    const relative = `sqlite:${path.relative(process.cwd(), file)}`;
    for (const connection of [`sqlite:${file}`, `sqlite://${file}`, relative, 'ORDERS_URL', undefined]) {
      const said = connection === undefined ? {} : { connection };
      expect(await readAll(sqlReader({ table: 't', ...said }))).toHaveLength(1);
    }
  });

  it.each([
    [undefined, /environment variable DATABASE_URL is not set \(sqlReader takes it where no connection is said\)/],
    ['ABSENT_URL', /environment variable ABSENT_URL is not set:/],
    [`mysql://me:${password}@host/db`, /the connection of sqlReader is no connection that Batchy knows/],
    [`postgres://me:${password}@[host/db`, /the connection of sqlReader is no connection that Batchy knows/],
    [`me:${password}@host`, /must be sqlite:PATH or postgres:/],
  ])('says what is wrong with %s, without its password', async (connection, message) => {
    vi.stubEnv('DATABASE_URL', undefined);
    const opening = open(connection);
    await expect(opening).rejects.toThrow(message);
    expect(await told(opening)).not.toContain(password);
    vi.stubEnv('FROM_VARIABLE', connection ?? '');
    expect(await told(open('FROM_VARIABLE'))).toMatch(/the environment variable FROM_VARIABLE/);
    expect(await told(open('FROM_VARIABLE'))).not.toContain(password);
  });

  it('is not a file that is absent or no database, and makes none', async () => {
    const file = path.join(folder, 'absent.db');
    await expect(open(`sqlite:${file}`)).rejects.toThrow(/absent.db: there is no such file; create the database/);
    await writeFile(file, 'this is no database, only some text that is long enough');
    const connection = `sqlite:${file}`;
    for (const using of [
      readAll(sqlReader({ connection, table: 't' })),
      readAll(sqlReader({ connection, query: 'select 1' })),
      writeAll(sqlWriter({ connection, table: 't' }), []),
    ])
      await expect(using).rejects.toThrow(/absent.db.*: file is not a database/);
    await expect(open(`sqlite:${folder}`)).rejects.toThrow(/cannot be opened/);
  });

  it('waits for a file that another process has locked, and stops waiting when the step is stopped', async () => {
    const { file, database } = createDatabase();
    const chunk = { chunkId: 'a', items: [{ id: 2 }] };
    const writer = await sqlWriter({ connection: `sqlite:${file}`, table: 't', key: ['id'] })(stepContext());
    database.exec('begin exclusive');
    const opening = writer.open(null);
    await new Promise((resolve) => setImmediate(resolve));
    database.exec('commit');
    await opening;
    const stop = new AbortController();
    database.exec('begin immediate');
    const stopped = writer.write(chunk.items, { ...anyChunk, chunkId: 'a', signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
    let isWritten = false;
    const writing = writer
      .write(chunk.items, { ...anyChunk, chunkId: 'a', signal: new AbortController().signal })
      .then(() => (isWritten = true));
    await expect(Promise.race([writing, new Promise((resolve) => setImmediate(resolve, 'locked'))])).resolves.toBe(
      'locked',
    );
    expect(isWritten).toBe(false);
    database.exec('commit');
    await writing;
    expect(database.prepare('select count(*) as n from t').get()).toEqual({ n: 2 });
    await writer.close();
    database.close();
  });

  it('reads what was there before a writer that was killed', async () => {
    const { file, database } = createDatabase();
    const crashed = path.join(folder, 'crashed.db');
    // With so small a cache, changes reach the file before the transaction ends.
    database.exec('pragma cache_size = 1; begin; create table large (x)');
    database.exec(
      'insert into large select hex(randomblob(2000)) from (values (1), (2), (3), (4), (5), (6), (7), (8))',
    );
    database.exec('update t set id = id + 1');
    for (const suffix of ['', '-journal']) await copyFile(`${file}${suffix}`, `${crashed}${suffix}`);
    database.close();
    expect((await stat(`${crashed}-journal`)).size).toBeGreaterThan(0);
    const rows = await readAll(sqlReader({ connection: `sqlite:${crashed}`, table: 't' }));
    expect(rows.map(({ item }) => item['id'])).toEqual([1]);
  });

  it('says what to install where the driver of PostgreSQL is missing', async () => {
    const load = () => Promise.reject(new Error("Cannot find package 'pg'"));
    const opening = openPostgres(`postgres://me:${password}@127.0.0.1/db`, { readOnly: true, load });
    await expect(opening).rejects.toThrow(/npm install pg/);
    expect(await told(opening)).not.toContain(password);
  });

  it('names a PostgreSQL that does not answer by its place alone', async () => {
    const port = await freePort();
    const secret = 'a-secret';
    const opening = open(`postgres://somebody:${secret}@127.0.0.1:${port}/db?application_name=${secret}`);
    await expect(opening).rejects.toThrow(`postgres://127.0.0.1:${port}/db cannot be used: connect ECONNREFUSED`);
    expect(await told(opening)).not.toContain(secret);
  });
});

describeWithPostgres('a connection to PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(() => server.stop());

  it('tells who was refused, and no password', async () => {
    const wrong = server.url.replace(server.password, 'wrong-password');
    const opening = open(wrong);
    await expect(opening).rejects.toThrow(/cannot be used: password authentication failed/);
    expect(await told(opening)).not.toMatch(/wrong-password/);
  });

  it('tells no password when a chunk or a query is refused', async () => {
    const connection = server.url;
    expect(await told(writeAll(sqlWriter({ connection, table: 'absent' }), []))).not.toContain(server.password);
    expect(await told(readAll(sqlReader({ connection, query: 'selct' })))).not.toContain(server.password);
  });

  it('finds tables in the schema that is said', async () => {
    const { default: pg } = await import('pg');
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query(
      'create schema "s.1"; create table "s.1".t (id int primary key); create view "s.1".v as select * from "s.1".t',
    );
    const at = { connection: server.url, schema: 's.1' };
    await writeAll(sqlWriter({ ...at, table: 't' }), [{ chunkId: 'a', items: [{ id: 1 }] }]);
    for (const table of ['t', 'v'])
      expect((await readAll(sqlReader({ ...at, table }))).map(({ item }) => item)).toEqual([{ id: 1 }]);
    await expect(readAll(sqlReader({ connection: server.url, table: 't' }))).rejects.toThrow(/no table "t"/);
    const ledger = await client.query('select chunk_id, target from "s.1".batchy_chunks');
    expect(ledger.rows).toEqual([{ chunk_id: 'a', target: 't' }]);
    await client.end();
  });

  it('lets a successor wait for the transaction of a process that is paused in its midst', async () => {
    const { default: pg } = await import('pg');
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query(`
      create table held (id int primary key, name text);
      create function wait() returns trigger language plpgsql as $$
        begin if new.name = 'late' then perform pg_advisory_lock(7); end if; return new; end $$;
      create trigger held before insert on held for each row execute function wait()`);
    const make = sqlWriter({ connection: server.url, table: 'held', key: ['id'] });
    const paused = await make(stepContext());
    const next = await make(stepContext());
    const scope = 'held';
    const first = { ...anyChunk, fence: { scope, stepExecutionId: 1, lease: 1 } };
    await Promise.all([paused.open(null), next.open(null)]);
    await paused.write([{ id: 1, name: 'first' }], first);
    await client.query('select pg_advisory_lock(7)');
    const waiting = async (): Promise<unknown> =>
      (await client.query("select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'")).rows[0].n;
    const late = paused.write([{ id: 1, name: 'late' }], first);
    await expect.poll(waiting, { timeout: 20_000 }).toBe(1);
    const chunk = { ...first, fence: { ...first.fence, lease: 2 } };
    let isWritten = false;
    const newer = next.write([{ id: 1, name: 'newer' }], chunk).then(() => (isWritten = true));
    await expect.poll(async () => isWritten || (await waiting()) === 2, { timeout: 20_000 }).toBe(true);
    await client.query('select pg_advisory_unlock(7)');
    await Promise.all([late, newer]);
    expect((await client.query('select name from held')).rows).toEqual([{ name: 'newer' }]);
    await Promise.all([paused.close(), next.close(), client.end()]);
  });

  it('writes without a fence where it may make no table, and says which one to make', async () => {
    const { default: pg } = await import('pg');
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query(`
      create schema bare; create table bare.t (id int primary key);
      create role loader login password 'loader';
      grant usage on schema bare to loader; grant select, insert, update on bare.t to loader`);
    const url = new URL(server.url);
    url.username = url.password = 'loader';
    const warnings: string[] = [];
    const ctx = { ...stepContext(), logger: { ...stepContext().logger, warn: (text: string) => warnings.push(text) } };
    const writer = await sqlWriter({ connection: url.href, schema: 'bare', table: 't', key: ['id'] })(ctx);
    await writer.open(null);
    await writer.write([{ id: 1 }], anyChunk);
    await writer.close();
    expect((await client.query('select id from bare.t')).rows).toEqual([{ id: 1 }]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^sqlWriter writes without a fence\. .*Create it by hand: create table "bare"\."batchy_fences"/,
      ),
    ]);
    await client.end();
  });

  it('is made anew after the server went away: the chunk that failed can be written again', async () => {
    const writer = await sqlWriter({ connection: server.url, table: 't', schema: 's.1' })(stepContext());
    await writer.open(null);
    const { signal } = new AbortController();
    await writer.write([{ id: 2 }], { ...anyChunk, chunkId: 'b', signal });
    // One that is in use, and asks nothing when it breaks, ends no process.
    const held = await openPostgres(server.url, { readOnly: true });
    const { promise: isBack, resolve: tellBack } = Promise.withResolvers<void>();
    const { promise: isHeld, resolve: tellHeld } = Promise.withResolvers<void>();
    const asking = held.builder.connection().execute(async (connection) => {
      await sql`select 1`.execute(connection);
      tellHeld();
      await isBack;
      await sql`select 1`.execute(connection);
    });
    await isHeld;
    await server.kill();
    await expect(writer.write([{ id: 3 }], { ...anyChunk, chunkId: 'c', signal })).rejects.toMatchObject({
      name: 'SqlError',
      isUncertain: true,
    });
    await server.restart();
    await vi.waitFor(() => writer.write([{ id: 3 }], { ...anyChunk, chunkId: 'c', signal }), { timeout: 30_000 });
    await writer.write([{ id: 2 }], { ...anyChunk, chunkId: 'b', signal });
    await writer.close();
    tellBack();
    await expect(asking).rejects.toThrow();
    await held.close();
    const rows = await readAll(sqlReader({ connection: server.url, table: 't', schema: 's.1' }));
    expect(rows.map(({ item }) => item['id'])).toEqual([1, 2, 3]);
  });
});
