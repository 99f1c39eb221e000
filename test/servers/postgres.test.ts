import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { locatePostgres } from './postgres-binary.ts';
import { describeWithPostgres, startPostgres, type PostgresServer } from './postgres.ts';

describeWithPostgres('a real PostgreSQL server', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(() => server.stop());

  const answer = async (sql: string, url: string = server.url): Promise<unknown> => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      return Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0];
    } finally {
      await client.end();
    }
  };

  it('answers to whoever knows the password, and to nobody else', async () => {
    expect(await answer('select 1 + 1')).toBe(2);
    await expect(answer('select 1', server.url.replace(server.password, 'wrong'))).rejects.toThrow(/password/);
  });

  it.each(['restart', 'kill'] as const)('keeps its data and port over a %s', async (how) => {
    await answer(`create table over_${how} as select 7 as kept`);
    if (how === 'kill') await server.kill();
    await server.restart();
    expect(await answer(`select kept from over_${how}`)).toBe(7);
  });
});

describe('locatePostgres', () => {
  let empty: string;

  beforeEach(async () => {
    empty = await mkdtemp(path.join(tmpdir(), 'batchy-cache-'));
  });

  afterEach(() => rm(empty, { recursive: true }));

  it('finds none where there is none', () => {
    expect(locatePostgres({ PATH: empty }, { system: empty, cache: empty })).toBeUndefined();
    expect(locatePostgres({ POSTGRES_BIN: empty })).toBeUndefined();
  });
});
