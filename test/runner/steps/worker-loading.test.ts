import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createWorkerWorld, workerIn, type WorkerWorld } from './worker-world.ts';

let workers: WorkerWorld;
beforeEach(async () => {
  workers = await createWorkerWorld();
});
afterEach(() => workers.close());

const imports = { ts: `import { Worker } from 'batchy';\n`, py: `from pyrunner import Worker\n` };

describe('a worker that cannot be loaded', () => {
  it.each([
    [
      'a file that holds none',
      'none.ts',
      'export const Task = 1;',
      'none.ts exports no class "Task"; it exports no worker at all.',
    ],
    [
      'another name',
      'other.ts',
      `${imports.ts}export class Other extends Worker { run() {} }`,
      'other.ts exports no class "Task"; its workers are Other.',
    ],
    [
      'a class of its own',
      'own.ts',
      'export class Task {}',
      '"Task" of own.ts is no worker: write “class Task extends Worker”, with Worker from batchy.',
    ],
    [
      'nothing to run',
      'empty.js',
      `${imports.ts}export class Task extends Worker {}`,
      '"Task" of empty.js has no run().',
    ],
    ['broken text', 'broken.ts', `${imports.ts}\nexport class Task {{`, /^broken\.ts, line 3, column \d+: /],
    [
      'a throw at its top',
      'throws.ts',
      `const rows: number = 1;\nthrow new Error('no settings');`,
      'throws.ts, line 2, column 7: no settings',
    ],
    [
      'a throw beside its top',
      'later.ts',
      `setImmediate(() => { throw new Error('too late'); });\nawait new Promise(() => {});`,
      'too late',
    ],
    [
      'an endless wait at its top',
      'waits.ts',
      'await new Promise(() => {});',
      'It waits for what cannot come any more: nothing is left that could.',
    ],
    [
      'a missing import',
      'imports.ts',
      `import './nowhere.ts';`,
      /^imports\.ts, line 1: Cannot find module 'nowhere\.ts'/,
    ],
    [
      'a throw of its constructor',
      'made.ts',
      `${imports.ts}export class Task extends Worker { constructor() { super(); throw new Error('unmade'); } run() {} }`,
      'unmade',
    ],
    ['a file that holds none', 'none.py', 'Task = 1', 'none.py has no class "Task"; it has no worker at all.'],
    [
      'another name',
      'other.py',
      `${imports.py}class Other(Worker):\n  def run(self): pass`,
      'other.py has no class "Task"; its workers are Other.',
    ],
    [
      'a class of its own',
      'own.py',
      'class Task: pass',
      '"Task" of own.py is no worker: write "class Task(Worker)", with Worker from pyrunner.',
    ],
    ['nothing to run', 'empty.py', `${imports.py}class Task(Worker): pass`, '"Task" of empty.py has no run().'],
    ['broken text', 'broken.py', `${imports.py}\nclass Task(`, /^broken\.py: SyntaxError: .* \(broken\.py, line 3\)$/],
    [
      'a throw at its top',
      'throws.py',
      `rows = 1\nraise ValueError('no settings')`,
      'throws.py, line 2: ValueError: no settings',
    ],
    [
      'a missing import',
      'imports.py',
      'import nowhere_at_all',
      "imports.py, line 1: ModuleNotFoundError: No module named 'nowhere_at_all'",
    ],
    [
      'a throw of its constructor',
      'made.py',
      `${imports.py}class Task(Worker):\n  def __init__(self): raise ValueError('unmade')\n  def run(self): pass`,
      'ValueError: unmade',
    ],
  ])('says so: %s, %s', async (_what, file, text, message) => {
    const { status, execution } = await workers.run(workers.worker(file, 'Task', text));
    expect(status).toBe('FAILED');
    if (typeof message === 'string') expect(execution.exitMessage).toBe(message);
    else expect(execution.exitMessage).toMatch(message);
  });

  it('says so: no file', async () => {
    const { execution } = await workers.run(workerIn(workers.file('nowhere.py'), 'Task'));
    expect(execution.exitMessage).toBe(
      `Worker "Task" of nowhere.py cannot be run: there is no file ${workers.file('nowhere.py')}.`,
    );
  });

  it('says so: no python3 on the machine', async () => {
    const body = workers.worker('task.py', 'Task', '', { environment: { PATH: '/nowhere' } });
    const { execution } = await workers.run(body);
    expect(execution.exitMessage).toContain('There is no python3 on this machine');
  });
});

describe('a worker’s module', () => {
  it.each([
    [
      'task.cjs',
      `const { Worker } = require('batchy');\nmodule.exports = class Task extends Worker { run() { console.log('ran'); } };`,
    ],
    [
      'task.cjs',
      `const { Worker } = require('batchy');\nmodule.exports = { Task: class extends Worker { run() { console.log('ran'); } } };`,
    ],
    ['task.mjs', `${imports.ts}export default class Task extends Worker { run() { console.log('ran'); } }`],
    ['task.js', `${imports.ts}export class Task extends Worker { run() { console.log('ran'); } }`],
  ])('may be any of those that Node knows: %s, %s', async (file, text) => {
    const { status, log } = await workers.run(workers.worker(file, 'Task', text));
    expect([status, log]).toEqual(['COMPLETED', expect.stringContaining('OUT   ran\n')]);
    expect(log).not.toContain('Warning');
  });

  it('imports its neighbours, and none of ours by accident', async () => {
    for (const name of ['host', 'line', 'library', 'context'])
      writeFileSync(workers.file(`${name}.py`), `whose = '${name} of the app'`);
    const text = `${imports.py}import host, line, library, context
class Task(Worker):
  def run(self): print(host.whose, line.whose, library.whose, context.whose, __name__)`;
    const { log } = await workers.run(workers.worker('task.py', 'Task', text));
    expect(log).toContain('OUT   host of the app line of the app library of the app context of the app task\n');
  });

  it('may be part of a package', async () => {
    mkdirSync(workers.file('outer/inner'), { recursive: true });
    for (const name of ['outer/__init__.py', 'outer/inner/__init__.py', 'outer/inner/beside.py', 'outer/above.py'])
      writeFileSync(workers.file(name), `whose = '${name}'`);
    const text = `${imports.py}import outer.above
from . import beside
from .. import above
class Task(Worker):
  def run(self): print(__name__, beside.whose, above is outer.above)`;
    const { log } = await workers.run(workers.worker('outer/inner/task.py', 'Task', text));
    expect(log).toContain('OUT   outer.inner.task outer/inner/beside.py True\n');
  });

  it('is Batchy’s, even if another pyrunner is installed', async () => {
    writeFileSync(workers.file('pyrunner.py'), 'Worker = None');
    const body = workers.worker('task.py', 'Task', `${imports.py}class Task(Worker):\n  def run(self): print('ours')`, {
      environment: { PYTHONPATH: workers.file('.') },
    });
    const { status, log } = await workers.run(body);
    expect([status, log]).toEqual(['COMPLETED', expect.stringContaining('OUT   ours\n')]);
  });
});

describe('what a worker is given', () => {
  it('is the usual environment, and what it names', async () => {
    const environment = { ...workers.world.tools.environment, WANTED: 'wanted', HIDDEN: 'hidden' };
    const options = { environment: { OWN: 'own' }, passEnvironment: ['WANTED'], workingDirectory: workers.file('.') };
    const names = ['OWN', 'WANTED', 'HIDDEN', 'NODE_COMPILE_CACHE', 'BATCHY_EXECUTION_ID'];
    const bodies = [
      workers.worker(
        'task.ts',
        'Task',
        `${imports.ts}export class Task extends Worker { run() {
          console.log(process.cwd(), ${names.map((name) => `process.env.${name}`).join()});
          console.log(process.argv.slice(1).join('|'));
        } }`,
        { ...options, arguments: ['ä', 'x y'] },
      ),
      workers.worker(
        'task.py',
        'Task',
        `${imports.py}import os, sys\nclass Task(Worker):
  def run(self):
    print(os.getcwd(), *(os.environ.get(name, 'undefined') for name in ${JSON.stringify(names)}))
    print('|'.join(sys.argv))`,
        { ...options, arguments: ['ä', 'x y'] },
      ),
    ];
    for (const body of bodies) {
      const { log, execution } = await workers.run(body, { environment });
      expect(log).toContain(`OUT   ${path.dirname(body.file)} own wanted undefined undefined ${execution.id}\n`);
      expect(log).toContain(`OUT   ${body.file}|ä|x y\n`);
    }
  });

  it('is, in TypeScript, what was compiled for the worker before it', async () => {
    const code = `import { getCompileCacheDir } from 'node:module';
      ${imports.ts}export class Task extends Worker { run() { console.log('kept in ' + getCompileCacheDir()); } }`;
    const { log } = await workers.run(workers.worker('task.ts', 'Task', code));
    expect(log).toMatch(/kept in .*\.cache.compiled/);
  });

  it('logs with each level, and both outputs as they come', async () => {
    const levels = ['debug', 'info', 'warn', 'warning', 'error', 'success'];
    const bodies = [
      workers.worker(
        'task.ts',
        'Task',
        `${imports.ts}export class Task extends Worker { run() {
          ${levels.map((level) => `this.logger.${level}('an ${level}');`).join('\n')}
          console.log('to stdout\\nand more'); console.error('to stderr');
        } }`,
      ),
      workers.worker(
        'task.py',
        'Task',
        `${imports.py}import sys\nclass Task(Worker):\n  def run(self):
    ${levels.map((level) => `self.logger.${level}('an ${level}')`).join('\n    ')}
    print('to stdout\\nand more')
    print('to stderr', file=sys.stderr)`,
      ),
    ];
    for (const body of bodies) {
      const { log } = await workers.run(body);
      const lines = [...log.matchAll(/^\S+ (\w+ +.*)$/gm)].map(([, line = '']) => line);
      expect(lines.filter((line) => line.includes(' an '))).toEqual([
        'DEBUG an debug',
        'INFO  an info',
        'WARN  an warn',
        'WARN  an warning',
        'ERROR an error',
        'INFO  SUCCESS: an success',
      ]);
      expect(lines).toEqual(expect.arrayContaining(['OUT   to stdout', 'OUT   and more', 'ERR   to stderr']));
    }
  });

  it('is the python3 that its PATH names', async () => {
    const program = workers.file('python3');
    writeFileSync(program, '#!/bin/sh\necho "another python"\nexit 3\n');
    chmodSync(program, 0o755);
    const body = workers.worker('task.py', 'Task', '', { environment: { PATH: `${workers.file('.')}:/usr/bin:/bin` } });
    const { execution, log } = await workers.run(body);
    expect(log).toContain('OUT   another python\n');
    expect(execution.exitMessage).toContain('its process ended with exit code 3;');
  });

  it('keeps secrets out of the messages of its failure', async () => {
    const body = workers.worker(
      'task.py',
      'Task',
      `${imports.py}import os\nclass Task(Worker):\n  def run(self): raise ValueError('no access with ' + os.environ['API_TOKEN'])`,
      { environment: { API_TOKEN: 'hush hush' } },
    );
    const { execution, log } = await workers.run(body);
    expect(execution.exitMessage).toBe('ValueError: no access with ***');
    expect(log).not.toContain('hush hush');
  });
});
