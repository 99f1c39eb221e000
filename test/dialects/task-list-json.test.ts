import { describe, expect, it } from 'vitest';

import { maxTasks } from '../../src/dialects/task-list-reading.ts';
import { problemsIn, readJson } from './task-list-of.ts';

/** What is wrong with a list of one task, beside what makes it right. */
function problemsOfTask(fields: object): [string, string][] {
  return problemsIn(JSON.stringify([{ id: 1, name: 'A', ...fields }]), 'json');
}

describe('a task list as JSON', () => {
  it('says all of a task', () => {
    const { dialect, tasks } = readJson([
      {
        id: 2,
        parents: [1, 1],
        name: 'Two',
        module: 'm',
        worker: 'W',
        arguments: ['a,b', '', '$ENV{ODD}'],
        timeout: 2.5,
      },
      {
        id: 1,
        parents: [-1],
        max_attempts: 3,
        retry_wait: 60,
        name: 'One',
        shell: 'ls\n$ENV{DAY}',
        logfile: '$ENV{APP_LOG_DIR}/x',
      },
    ]);
    expect(dialect).toBe('json');
    expect(tasks).toEqual([
      {
        id: 2,
        parents: [1],
        name: 'Two',
        run: { kind: 'worker', module: 'm', worker: 'W', arguments: ['a,b', '', 'a|b,"c'] },
        maxAttempts: 1,
        retryWaitSeconds: 0,
        timeoutSeconds: 2.5,
        logFile: null,
      },
      {
        id: 1,
        parents: [],
        name: 'One',
        run: { kind: 'shell', command: 'ls\n2026-11-22' },
        maxAttempts: 3,
        retryWaitSeconds: 60,
        timeoutSeconds: null,
        logFile: '/logs/x',
      },
    ]);
  });

  it('needs no more than id, name and what runs', () => {
    const asLittle = readJson([{ id: 1, name: 'A', shell: 'x' }]);
    const spelt = { parents: [], max_attempts: 1, retry_wait: 0, logfile: null, timeout: null };
    expect(readJson([{ id: 1, name: 'A', shell: 'x', ...spelt }])).toEqual(asLittle);
    expect(readJson([{ id: 1, name: 'A', shell: 'x', logfile: '$ENV{EMPTY}' }])).toEqual(asLittle);
    expect(readJson([{ id: 1, name: 'A', module: 'm', worker: 'W' }]).tasks[0]?.run).toMatchObject({ arguments: [] });
  });
});

describe('what is wrong with a task', () => {
  it.each([
    [{}, '/0', 'the task says not what it runs: give it shell, or module and worker'],
    [
      { shell: 'x', module: 'm', worker: 'W' },
      '/0',
      'the task runs two things, shell and a module; make a task of each',
    ],
    [{ shell: 'x', arguments: ['a'] }, '/0/arguments', 'arguments go with module and worker, not with shell'],
    [{ module: 'm' }, '/0/worker', 'worker is missing'],
    [{ worker: 'W' }, '/0/module', 'module is missing'],
    [{ shell: ['x'] }, '/0/shell', 'shell is a list; expected a text'],
    [{ shell: '' }, '/0/shell', 'shell is blank'],
    [{ shell: 'x\0' }, '/0/shell', 'shell holds a character of code 0, which no program can be given'],
    [{ shell: '\uD800' }, '/0/shell', 'shell holds half of a surrogate pair, which is no valid Unicode'],
    [{ shell: '$ENV{NOPE}' }, '/0/shell', expect.stringContaining('$ENV{NOPE} is not set')],
    [{ shell: 'x', id: '1' }, '/0/id', 'id is "1"; expected a whole number from 1 on'],
    [{ shell: 'x', id: null }, '/0/id', 'id is null; expected a whole number from 1 on'],
    [{ shell: 'x', id: undefined }, '/0/id', 'id is missing; expected a whole number from 1 on'],
    [{ shell: 'x', name: undefined }, '/0/name', 'name is missing'],
    [{ shell: 'x', name: { a: 1 } }, '/0/name', 'name is an object; expected a text'],
    [{ shell: 'x', parents: 2 }, '/0/parents', 'parents is 2; expected ids of tasks, or -1 alone for a root'],
    [{ shell: 'x', parents: null }, '/0/parents', 'parents is null; expected ids of tasks, or -1 alone for a root'],
    [
      { shell: 'x', parents: ['2'] },
      '/0/parents/0',
      'parents names "2"; expected ids of tasks, or -1 alone for a root',
    ],
    [{ shell: 'x', parents: [7] }, '/0/parents/0', 'parent 7 is no task of the list'],
    [{ shell: 'x', max_attempts: true }, '/0/max_attempts', 'max_attempts is true; expected a whole number from 1 on'],
    [{ shell: 'x', retry_wait: '1' }, '/0/retry_wait', 'retry_wait is "1"; expected seconds from 0 to 2147483'],
    [{ shell: 'x', timeout: 0 }, '/0/timeout', 'timeout is 0; expected seconds above 0, up to 2147483'],
    [{ shell: 'x', logfile: 7 }, '/0/logfile', 'logfile is 7; expected a text'],
    [{ module: 'm', worker: 'W', arguments: 'a' }, '/0/arguments', 'arguments is "a"; expected a list of texts'],
    [{ module: 'm', worker: 'W', arguments: ['a', 1] }, '/0/arguments/1', 'arguments holds 1; expected texts'],
    [
      { module: 'm', worker: 'W', arguments: ['a', '$ENV{X}'] },
      '/0/arguments/1',
      expect.stringContaining('$ENV{X} is not set'),
    ],
    [
      { shell: 'x', 'max/attempts': 2 },
      '/0/max~1attempts',
      expect.stringContaining('"max/attempts" is no key of a task; there are id,'),
    ],
  ])('%j', (fields, pointer, detail) => {
    expect(problemsOfTask(fields)).toEqual([[pointer, detail]]);
  });

  it('is a key that would be an object’s own', () => {
    expect(problemsIn('[{"id":1,"name":"A","shell":"x","__proto__":{"timeout":1}}]', 'json')).toEqual([
      ['/0/__proto__', expect.stringContaining('"__proto__" is no key of a task')],
    ]);
  });

  it('is told of all tasks at once', () => {
    const list = [
      7,
      { id: 1, name: 'A', shell: 'x', parents: [2], nmae: 'x' },
      { id: 2, name: 'A', shell: 'x', parents: [9, 1] },
      { id: 1, name: 'B', shell: '', parents: [0] },
      null,
    ];
    expect(
      problemsIn(JSON.stringify(list), 'json').map(([pointer, detail]) => `${pointer} ${detail.slice(0, 44)}`),
    ).toEqual([
      '/0 a task must be an object with id, parents, m',
      '/1/nmae "nmae" is no key of a task; there are id, pa',
      '/1/parents/0 the tasks go round in a circle: 1 → 2 → 1',
      '/2/name the name "A" is taken already, by /1',
      '/2/parents/0 parent 9 is no task of the list',
      '/3/parents/0 parents names 0; expected ids of tasks, or -',
      '/3/shell shell is blank',
      '/3/id id 1 is taken already, by /1',
      '/4 a task must be an object with id, parents, m',
    ]);
  });
});

describe('what is wrong with a text', () => {
  it.each([
    ['', '1:1', 'the list is no JSON: Unexpected end of JSON input'],
    ['[{"id":1,\n"name":', '2:8', 'the list is no JSON: Unexpected end of JSON input'],
    [
      `[{"id":1},\r\n{"id" 2},${' '.repeat(200)}{}]`,
      '2:7',
      expect.stringContaining("the list is no JSON: Expected ':'"),
    ],
    ['#SHELL\n1|-1|1|0|A|x|', '1:1', expect.stringContaining('the list is no JSON: ')],
    ['{"tasks":[]}', '1:1', 'the list must be a JSON array of tasks'],
    ['null', '1:1', 'the list must be a JSON array of tasks'],
    ['[]', '1:1', 'the list has no tasks'],
    ['['.repeat(500_000), '1:1', 'the list is nested deeper than 64 levels'],
    [`${'['.repeat(65)}${']'.repeat(65)}`, '1:1', 'the list is nested deeper than 64 levels'],
    [`${'['.repeat(64)}${']'.repeat(64)}`, '/0', expect.stringContaining('a task must be an object')],
  ])('%.30s', (text, pointer, detail) => {
    expect(problemsIn(text, 'json')).toEqual([[pointer, detail]]);
  });

  it('is each key that stands twice, by its line and column', () => {
    const text = '\uFEFF[\r\n{"id":1,"id":2,\n "name":"A","n\\u0061me":"B","shell":"{\\"id\\":1}"},\r{"id":1}\n]';
    expect(problemsIn(text, 'json')).toEqual([
      ['2:9', 'the key "id" stands twice in one object'],
      ['3:13', 'the key "name" stands twice in one object'],
    ]);
  });

  it('is its length', () => {
    const list = Array.from({ length: maxTasks }, (_each, index) => ({ id: index + 1, name: `T${index}`, shell: 'x' }));
    expect(readJson(list).tasks).toHaveLength(maxTasks);
    expect(problemsIn(JSON.stringify([...list, 1]), 'json')).toEqual([
      ['1:1', 'the list has 10001 tasks, and at most 10000 are possible'],
    ]);
    expect(problemsIn(JSON.stringify(['x'.repeat(1024 * 1024)]), 'json')).toEqual([
      ['1:1', expect.stringContaining('larger than 1024 KiB')],
    ]);
    const repeated = `[{${'"a":1,\n'.repeat(100_000)}"a":1}]`;
    expect(problemsIn(repeated, 'json').at(-1)).toEqual(['100001:1', 'the key "a" stands twice in one object']);
  });
});
