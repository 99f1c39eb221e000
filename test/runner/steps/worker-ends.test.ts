import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { systemTimers } from '../../../src/adapters/system/timers.ts';
import type { Timers } from '../../../src/ports/timers.ts';
import { runExecution, type RunResult } from '../../../src/runner/engine.ts';
import type { WorkerBody } from '../../../src/runner/step-body.ts';
import { createLogs } from '../../../src/runner/step-log.ts';
import { jobOf, type Outcome } from '../world.ts';
import { createWorkerWorld, isAlive, type WorkerWorld } from './worker-world.ts';

let workers: WorkerWorld;
beforeEach(async () => {
  workers = await createWorkerWorld();
});
afterEach(() => workers.close());

const patience = { timeout: 20_000, interval: 20 };
const pidIn = (name: string): string => {
  const file = workers.file(name);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
};
const begun = (name = 'pid') => vi.waitFor(() => expect(pidIn(name)).toMatch(/^\d+$/), patience);
const ended = (name = 'pid') => vi.waitFor(() => expect(isAlive(pidIn(name))).toBe(false), patience);

const typescript = (body: string): WorkerBody =>
  workers.worker(
    'task.ts',
    'Task',
    `import { spawn } from 'node:child_process';
     import { renameSync, writeFileSync } from 'node:fs';
     import { Worker } from 'batchy';
     const tell = (name: string, pid = process.pid): void => {
       writeFileSync(name + '.new', String(pid));
       renameSync(name + '.new', name);
     };
     export class Task extends Worker {
       async run() { ${body} }
       onFail() { this.logger.info('failed'); }
       onDestroy() { this.logger.info('destroyed'); this.context.set('destroyed', true); }
     }`,
    { workingDirectory: workers.file('.') },
  );
const python = (...body: string[]): WorkerBody =>
  workers.worker(
    'task.py',
    'Task',
    `import os, subprocess, time
from pyrunner import Worker
def tell(name):
  with open(name + '.new', 'w') as file: file.write(str(os.getpid()))
  os.rename(name + '.new', name)
class Task(Worker):
  def run(self):
    ${body.join('\n    ')}
  def on_fail(self):
    self.logger.info('failed')
  def on_destroy(self):
    self.logger.info('destroyed')
    self.context['destroyed'] = True
    # An answer that was still to come when it was interrupted is not taken for this one.
    self.context['destroyed'] = self.context['destroyed']
`,
    { workingDirectory: workers.file('.') },
  );

/** Real ones, but for timeouts of an hour, which are over when a test says so. */
function hourTimers(): { readonly timers: Timers; readonly timeouts: (() => void)[] } {
  const timeouts: (() => void)[] = [];
  const timers: Timers = {
    ...systemTimers,
    after(milliseconds, call) {
      if (milliseconds !== 3_600_000) return systemTimers.after(milliseconds, call);
      timeouts.push(call);
      return () => {};
    },
  };
  return { timers, timeouts };
}

/** Runs it until `when`, then asks it to stop. */
async function stopped(
  body: WorkerBody,
  when: () => Promise<unknown>,
  graceMilliseconds = 20_000,
): Promise<Outcome & { log: string }> {
  const { world } = workers;
  const job = jobOf([{ name: 'Task', body }]);
  const id = await world.launch(job);
  const session = await world.take(id);
  const running: Promise<RunResult> = runExecution(
    session,
    job,
    { ...world.tools, graceMilliseconds },
    new AbortController().signal,
  );
  await when();
  await world.requestStop(id);
  await session.refresh();
  expect(await running).toBe('ended');
  return { ...(await world.outcome(id)), log: await world.log(id, 'Task') };
}

describe('a worker that does not end by itself', () => {
  it.each([
    ['TypeScript', () => typescript(`tell('pid'); for (;;);`), null],
    [
      'TypeScript, but listens',
      () => typescript(`tell('pid'); await new Promise(() => setInterval(() => {}, 1000));`),
      true,
    ],
    ['Python', () => python(`tell('pid')`, `while True: pass`), true],
    ['Python, waiting', () => python(`tell('pid')`, `time.sleep(600)`), true],
    ['Python, asking', () => python(`tell('pid')`, `while True: self.context.get('nothing', 'x' * 1000)`), true],
  ])('is ended at a stop, and may clear up if it listens: %s', async (_language, body, destroyed) => {
    const { status, log, context } = await stopped(body(), () => begun(), destroyed === null ? 500 : 20_000);
    expect(status).toBe('STOPPED');
    await ended();
    expect(log).not.toContain('INFO  failed');
    expect(context['destroyed'] ?? null).toBe(destroyed);
  });

  it('is ended at its timeout, and tried again, however deaf it is', async () => {
    const { world } = workers;
    const body = typescript(`tell('pid'); for (;;);`);
    const retry = { maxRetries: 1, delaySeconds: 0, backoff: 'fixed' } as const;
    const job = jobOf([{ name: 'Task', body, timeoutSeconds: 3600, retry }]);
    const { timers, timeouts } = hourTimers();
    const id = await world.launch(job);
    const noHandBack = new AbortController().signal;
    const running = runExecution(await world.take(id), job, { ...world.tools, timers }, noHandBack);
    await begun();
    const first = pidIn('pid');
    timeouts[0]?.();
    await vi.waitFor(() => expect(pidIn('pid')).not.toBe(first), patience);
    expect(isAlive(first)).toBe(false);
    timeouts[1]?.();
    await running;
    const { execution, steps } = await world.outcome(id);
    expect(execution.exitMessage).toBe('The step took longer than its timeout of 3600 s.');
    expect(steps[0]?.counters.retry).toBe(1);
    await ended();
  });

  it('is ended with all that it has started, and so is what it leaves behind', async () => {
    const starting = `const child = spawn('sleep', ['600'], { stdio: 'ignore' }); tell('child', child.pid);`;
    await stopped(typescript(`${starting} tell('pid'); await new Promise(() => {});`), () => begun());
    await ended('child');
    const { status } = await workers.run(typescript(starting));
    expect(status).toBe('COMPLETED');
    await ended('child');
  });

  it('ends with the process that owns it', async () => {
    for (const body of [typescript(`tell('pid'); for (;;);`), python(`tell('pid')`, `while True: pass`)]) {
      const owner = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', path.resolve('test/runner/steps/worker-owner.ts'), body.file],
        { stdio: 'inherit', cwd: workers.file('.') },
      );
      const before = pidIn('pid');
      await vi.waitFor(() => expect(pidIn('pid')).not.toBe(before), patience);
      expect(isAlive(pidIn('pid'))).toBe(true);
      owner.kill('SIGKILL');
      await ended();
    }
  });
});

describe('an error that nothing catches', () => {
  it.each([
    `setImmediate(() => { throw new Error('lost in a callback'); }); await new Promise(() => setInterval(() => {}, 1000));`,
    `void Promise.reject(new Error('lost in a callback')); await new Promise(() => setInterval(() => {}, 1000));`,
  ])('fails the worker that it came from: %s', async (body) => {
    const { execution, log, context } = await workers.run(typescript(body));
    expect(execution.exitMessage).toBe('lost in a callback');
    expect(log).toMatch(/INFO {2}failed\n[^\n]*INFO {2}destroyed/);
    expect(context).toEqual({ destroyed: true });
  });

  it('is made of what a worker waits for in vain', async () => {
    const { execution, log } = await workers.run(typescript('await new Promise(() => {});'));
    expect(execution.exitMessage).toBe('It waits for what cannot come any more: nothing is left that could.');
    expect(log).toMatch(/INFO {2}failed\n[^\n]*INFO {2}destroyed/);
  });

  it('in a hook after it does not hide the first one', async () => {
    const body = workers.worker(
      'task.ts',
      'Task',
      `import { Worker } from 'batchy';
       export class Task extends Worker {
         run() { throw new Error('the first'); }
         onFail() { throw new Error('the second'); }
         onDestroy() { this.logger.info('destroyed'); }
       }`,
    );
    const { execution, log } = await workers.run(body);
    expect(execution.exitMessage).toBe('the first');
    expect(log).toMatch(/ERROR Error: the second\n(.*\n)*.*INFO {2}destroyed/);
  });

  it('is how sys.exit ends a worker in Python, but not without its hooks', async () => {
    const { execution, log } = await workers.run(python(`import sys`, `sys.exit(0)`));
    expect(execution.exitMessage).toBe('SystemExit: the worker ended its process with 0');
    expect(log).toMatch(/INFO {2}failed\n[^\n]*INFO {2}destroyed/);
  });
});

it('harms nobody beside it, whatever it does', async () => {
  const { world, file, worker } = workers;
  const logs = createLogs({ folder: file('logs'), now: systemTimers.wall, maxBytes: 1_000_000 });
  const here = { workingDirectory: file('.') };
  const inTypeScript = (name: string, body: string): WorkerBody =>
    worker(
      `${name}.ts`,
      'Task',
      `import { existsSync, renameSync, watch, writeFileSync } from 'node:fs';
       import { Worker } from 'batchy';
       export class Task extends Worker { async run() { ${body} } }`,
      here,
    );
  const inPython = (name: string, ...body: string[]): WorkerBody =>
    worker(
      `${name}.py`,
      'Task',
      `import os, signal, sys, time
from pyrunner import Worker
class Task(Worker):
  def run(self):
    ${body.join('\n    ')}
`,
      here,
    );
  const deaf = { timeoutSeconds: 3600 };
  const { timers, timeouts } = hourTimers();
  const job = jobOf(
    [
      {
        name: 'flood',
        body: inPython('flood', `for _ in range(1000): sys.stdout.buffer.write(b'0123456789abcde\\n' * 62500)`),
      },
      { name: 'crash', body: inPython('crash', `os.kill(os.getpid(), signal.SIGSEGV)`) },
      { name: 'exit', body: inTypeScript('exit', `process.exit(0);`) },
      {
        name: 'deaf',
        body: inTypeScript(
          'deaf',
          `process.removeAllListeners('SIGTERM').on('SIGTERM', () => {}); writeFileSync('deaf.new', String(process.pid)); renameSync('deaf.new', 'deaf'); setInterval(() => {}, 1000); await new Promise(() => {});`,
        ),
        ...deaf,
      },
      {
        name: 'deaf python',
        body: inPython(
          'deaf_python',
          `signal.signal(signal.SIGTERM, signal.SIG_IGN)`,
          `with open('new', 'w') as file: file.write(str(os.getpid()))`,
          `os.rename('new', 'deaf_python')`,
          `while True: time.sleep(600)`,
        ),
        ...deaf,
      },
      {
        name: 'good',
        body: inTypeScript(
          'good',
          `await new Promise((resolve) => {
             const watcher = watch('.', look);
             function look() { if (existsSync('deaf') && existsSync('deaf_python')) { watcher.close(); resolve(); } }
             look();
           });
           this.context.set('good', await this.context.increment('count', 1)); console.log('well done');`,
        ),
      },
    ].map((step) => ({ ...step, dependsOn: [] })),
    { onFailure: 'continue' },
  );
  const id = await world.launch(job);
  const noHandBack = new AbortController().signal;
  const running = runExecution(await world.take(id), job, { ...world.tools, logs, timers }, noHandBack);
  for (const name of ['deaf', 'deaf_python']) await begun(name);
  for (const end of timeouts) end();
  await running;
  const { rows, context } = await world.outcome(id);
  expect(rows.toSorted()).toEqual([
    'crash FAILED',
    'deaf FAILED',
    'deaf python FAILED',
    'exit FAILED',
    'flood COMPLETED',
    'good COMPLETED',
  ]);
  expect(context).toEqual({ good: 1, count: 1 });
  for (const name of ['deaf', 'deaf_python']) await ended(name);
  expect((await logs.read(id, 'good', 0, 10_000)).text).toContain('OUT   well done');
  for (const step of ['flood', null]) expect((await logs.read(id, step, 0, 1e8)).text.length).toBeLessThan(1_050_000);
});
