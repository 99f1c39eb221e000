import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseJobYaml } from '../../../src/dialects/job-yaml.ts';
import { runSqlStatements } from '../../../src/runner/items/sql-statements.ts';
import type { TaskBody } from '../../../src/runner/step-body.ts';
import { contextOf } from '../../authoring/running-context.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'batchy-sql-'));
  file = path.join(folder, 'orders.db');
  const database = new DatabaseSync(file);
  database.exec("create table orders (id integer primary key, day text); insert into orders values (1, 'a'), (2, 'b')");
  database.close();
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function days(): unknown[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database
      .prepare('select day from orders order by id')
      .all()
      .map(({ day }) => day);
  } finally {
    database.close();
  }
}

it('runs all of them, with values that are never text', async () => {
  const changed = await runSqlStatements(
    {
      connection: `sqlite:${file}`,
      statements: ['delete from orders where day = :day;', 'insert into orders values (:id, :day), (:id + 1, :day)'],
      parameters: ({ parameters }) => parameters,
    },
    contextOf({ id: 7, day: "a' or 1" }),
  );
  expect(changed).toBe(2n);
  expect(days()).toEqual(['a', 'b', "a' or 1", "a' or 1"]);
});

it('runs none of them when one fails, and tells which', async () => {
  const statements = ['delete from orders', 'insert into nowhere values (1)'];
  await expect(runSqlStatements({ connection: `sqlite:${file}`, statements }, contextOf())).rejects.toThrow(
    /"insert into nowhere values \(1\)" of sqlStep cannot be run by .*nowhere/,
  );
  expect(days()).toEqual(['a', 'b']);
});

it('names a value that is not there', async () => {
  const statements = ['delete from orders where day = :gone'];
  await expect(runSqlStatements({ connection: `sqlite:${file}`, statements }, contextOf())).rejects.toThrow(
    'the query of sqlStep asks for :gone',
  );
});

it('is a step of a YAML job, its values parameters or of the context', async () => {
  const { bodies } = parseJobYaml(
    'name: J\nsteps:\n  - {name: Clear, sql: {execute: "delete from orders where day in (:one, :other)", connection: "sqlite:{{file}}"}}\n',
    'j.yaml',
  );
  await (bodies.get('Clear') as TaskBody).run(contextOf({ one: 'a' }, { other: 'b', file }));
  expect(days()).toEqual([]);
});
