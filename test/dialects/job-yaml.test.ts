import { describe, expect, it } from 'vitest';
import { parseJobYaml } from '../../src/dialects/job-yaml.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { unknownTemplateNames } from '../../src/domain/template.ts';
import type { RunnableJob } from '../../src/runner/job.ts';

function parse(text: string): RunnableJob {
  return parseJobYaml(text, 'load.yaml');
}

function refusal(text: string): BatchyError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof BatchyError) return error;
    throw error;
  }
  throw new Error('the text was accepted');
}

const sample = `
name: LoadOrders
workflow: orders
steps:
  - { name: Download, shell: [curl, -fsS, -o, /landing/orders.csv, "https://example.com/orders?since={{from_date}}"], maxRetries: 3 }
  - { name: Check, shell: [test, -s, /landing/orders.csv] }
  - { name: Upstream, wait: { workflow: customers, timeout: 3600 } }
  - { name: Load, shell: [./load.sh, "{{from_date}}", "{{to_date}}"], dependsOn: [Check, Upstream] }
`;

describe('a job in YAML', () => {
  it('is what the same job in TypeScript is', () => {
    const { definition, bodies } = parse(sample);
    expect(definition).toMatchObject({ name: 'LoadOrders', bond: { workflow: 'orders', jobs: null } });
    expect(definition.steps.map(({ name, kind, dependsOn }) => [name, kind, dependsOn])).toEqual([
      ['Download', 'shell', []],
      ['Check', 'shell', ['Download']],
      ['Upstream', 'wait', ['Check']],
      ['Load', 'shell', ['Check', 'Upstream']],
    ]);
    expect(definition.steps[0]).toMatchObject({ retry: { maxRetries: 3 }, templateNames: ['from_date'] });
    expect(definition.steps[2]).toMatchObject({ timeoutSeconds: 3600 });
    expect(bodies.get('Load')).toMatchObject({ argv: ['./load.sh', '{{from_date}}', '{{to_date}}'], shell: false });
    expect(bodies.get('Upstream')).toEqual({ kind: 'wait', workflow: 'customers', jobs: null });
  });

  it('says where its executions wait, before what, and how many of them run', () => {
    const waits = 'name: A\nqueue: etl\npriority: very_low\nmaxRunning: 2\nsteps: [{ name: S, shell: [true] }]\n';
    expect(parse(waits).definition).toMatchObject({ queue: 'etl', priority: 'very_low', maxRunning: 2 });
    const wrong = refusal(waits.replace('very_low', 'urgent').replace('etl', 'all').replace('2', '0'));
    expect(wrong.places.map(({ pointer }) => pointer)).toEqual(['2:1', '3:1', '4:1']);
  });

  it('takes arguments and variables as they are written', () => {
    const { bodies } = parse(
      'name: J\nsteps:\n  - {name: S, shell: [sleep, 5, 010, yes, 1.0, 2026-01-01], environment: {A: 010}}\n',
    );
    expect(bodies.get('S')).toMatchObject({
      argv: ['sleep', '5', '010', 'yes', '1.0', '2026-01-01'],
      environment: { A: '010' },
    });
  });

  it('keeps numbers of parameters and bodies exact, and reads others as numbers', () => {
    const { definition, bodies } = parse(`
name: J
timeout: 60.0
parameters:
  threshold: { type: float, default: 1.0 }
  id: { default: 9223372036854775807 }
steps:
  - name: Tell
    http: { url: "https://example.com/{{id}}", method: POST, body: { id: 9223372036854775807 } }
`);
    expect(definition.timeoutSeconds).toBe(60);
    expect(JSON.stringify(definition.parameters.get('threshold')?.default)).toBe('1.0');
    expect(JSON.stringify(definition.parameters.get('id')?.default)).toBe('9223372036854775807');
    expect(JSON.stringify(bodies.get('Tell'))).toContain('"body":{"id":9223372036854775807}');
  });

  it('runs the text of a script in a shell', () => {
    const { bodies } = parse(
      'name: J\nsteps:\n  - name: S\n    script: |\n      ls | wc -l\n    passEnvironment: [HOME]\n',
    );
    expect(bodies.get('S')).toMatchObject({ shell: true, argv: ['ls | wc -l\n'], passEnvironment: ['HOME'] });
  });

  it('moves rows between files and tables, without code that could set a name', () => {
    const { definition, bodies } = parse(`
name: Rows
steps:
  - name: Load
    csv: { file: "/landing/{{day}}.csv", delimiter: ";", table: orders, key: [id], connection: "sqlite:/data/{{region}}.db", chunkSize: 500, skip: { limit: 3 } }
  - name: Report
    sql: { query: "select * from orders where at > :since", connection: DATABASE_URL, into: { file: "/out/{{day}}.csv" } }
  - name: Copy
    sql: { query: select * from orders, key: [id], into: { table: copied, schema: main, key: [id] } }
  - name: Clear
    sql: { execute: ["delete from orders where at < :since", vacuum] }
`);
    expect(definition.steps.map(({ kind }) => kind)).toEqual(['chunk', 'chunk', 'chunk', 'task']);
    expect(bodies.get('Load')).toMatchObject({ chunkSize: 500, skip: { limit: 3 } });
    expect(unknownTemplateNames(definition, ['day'])).toEqual(['region']);
    expect(unknownTemplateNames(definition, ['day', 'region'])).toEqual([]);
  });

  it('may decide by exit codes, its key in quotes', () => {
    const { definition } = parse(
      'name: J\nsteps:\n  - {name: A, shell: [a], "on": {FAILED: B, "*": {end: COMPLETED}}}\n  - {name: B, shell: [b]}\n',
    );
    expect(definition.steps[0]?.on).toEqual([
      { exitCode: 'FAILED', to: { step: 'B' } },
      { exitCode: '*', to: { end: 'COMPLETED' } },
    ]);
  });
});

describe('what is wrong', () => {
  it('is told all at once, with line and column', () => {
    const error = refusal(`name: Broken
retrys: 3
steps:
  - name: One
    shell: ls -l
    maxRetries: -1
  - name: Two
    python: [x]
  - name: Three
    shell: [a]
    http: {url: "https://example.com"}
  - just a text
  - name: Four
    csv: {file: x.csv, chunksize: 5}
    dependsOn: [Nobody]
  - name: Five
    http: {url: "https://example.com", verb: GET}
`);
    expect(error.code).toBe('invalid-job');
    expect(error.facts).toEqual({ file: 'load.yaml', line: 2, column: 1 });
    expect(error.places.map(({ pointer, detail }) => `${pointer} ${detail.slice(0, 45)}`)).toEqual([
      '2:1 "retrys" is no option of a job; there are nam',
      '5:5 must be a list, the program first, then its a',
      '6:5 must be a whole number of at least 0, but it ',
      '7:5 says not what it does: give it one of shell, ',
      '8:5 "python" is no option of step "Two"; there ar',
      '9:5 does several things at once: shell, http; mak',
      '12:5 must be a map with name and what the step doe',
      "12:5 a step's name must be a text, but it is nothi",
      '14:5 csv needs table',
      '14:24 "chunksize" is no setting of csv; there are f',
      '15:17 step "Four" names "Nobody", which is no step ',
      '17:40 "verb" is no option of http; there are url, m',
    ]);
    expect(error.detail).toMatch(
      /^load\.yaml, line 2, column 1: "retrys" is no option of a job; there are name, .*; line 5/,
    );
  });

  it.each([
    ['', 1, 1, 'it should hold a job'],
    ['- a\n', 1, 1, 'should be a map'],
    ['name: J\n', 1, 1, 'must be a list of steps'],
    ['name: J\nsteps: {}\n', 2, 1, 'must be a list of steps'],
    ['name: J\nsteps: []\n', 2, 1, 'at least one step'],
    ['steps:\n  - {name: A, shell: [a]}\n', 1, 1, 'name is missing'],
    ['name: J\nsteps:\n  - {shell: [a]}\n', 3, 5, 'name must be a text'],
    ['name: J\nname: K\n', 2, 1, 'stands twice'],
    ['name: J\nsteps:\n\t- x\n', 3, 1, ''],
    ['name: J\nsteps: !!python/object x\n', 2, 8, 'not accepted'],
    ['name: J\nsteps:\n  - {name: A, shell: [a], on: {x: B}}\n', 3, 27, 'put it in quotes'],
    ['name: J\nsteps:\n  - {name: A, shell: [a, {b: 1}]}\n', 3, 26, 'must be a text'],
    ['name: J\nsteps:\n  - {name: A, shell: []}\n', 3, 15, 'names no program'],
    ['name: J\nsteps:\n  - {name: A, shell: [a, "{{"]}\n', 3, 26, 'is no {{name}}'],
    ['name: J\nsteps:\n  - {name: A, script: "ls {{x}}"}\n', 3, 15, '$PARAM_name'],
    ['name: J\nsteps:\n  - {name: A, wait: {workflow: w, timeout: 5}, timeout: 6}\n', 3, 48, 'twice'],
    ['name: J\nsteps:\n  - {name: A, wait: customers}\n', 3, 15, 'must be an object'],
    ['name: J\nsteps:\n  - {name: A, sql: {query: select 1}}\n', 3, 15, 'into must be'],
    ['name: J\nsteps:\n  - {name: A, sql: {query: select 1, into: {}}}\n', 3, 38, 'either a table or a file'],
    ['name: J\nsteps:\n  - {name: A, sql: {query: "{{x}}", into: {file: x}}}\n', 3, 21, ':name'],
    ['name: J\nsteps:\n  - {name: A, sql: {execute: "{{x}}"}}\n', 3, 21, ':name'],
    ['name: J\nsteps:\n  - {name: A, sql: {execute: [a, ""]}}\n', 3, 34, 'is empty'],
    ['name: J\nsteps:\n  - {name: A, sql: {execute: a, into: {table: t}}}\n', 3, 33, 'there are execute, connection'],
    ['name: J\nsteps:\n  - {name: A, csv: {file: x, table: t, delimiter: ""}}\n', 3, 40, ''],
    ['name: J\nsteps:\n  - {name: A, csv: {file: x, table: t, chunkSize: 0}}\n', 3, 40, 'at least 1'],
    ['name: J\nsteps:\n  - &a {name: A, shell: [a], dependsOn: [B]}\n  - {name: B, shell: [a]}\n', 3, 42, 'circle'],
  ])('%j: line %i, column %i', (text, line, column, detail) => {
    const error = refusal(text);
    expect([error.facts['line'], error.facts['column']]).toEqual([line, column]);
    expect(error.detail).toContain(detail);
  });

  it('tells of braces without quotes what to do', () => {
    const error = refusal('name: J\nsteps:\n  - {name: A, shell: [echo, {{x}}]}\n');
    expect(error.facts['line']).toBe(3);
    expect(error.detail).toContain('Put what holds {{name}} in quotes');
  });

  it('bounds size and aliases', () => {
    expect(refusal(`name: ${'x'.repeat(300_000)}`).detail).toContain('256 KiB');
    const layers = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n}, `.repeat(9)}*l${n}]`);
    expect(refusal(`l0: &l0 [x]\n${layers.join('\n')}\n`).detail).toMatch(/alias/);
  });
});
