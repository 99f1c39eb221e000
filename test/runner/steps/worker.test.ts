import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createWorkerWorld, type WorkerWorld } from './worker-world.ts';

let workers: WorkerWorld;
beforeEach(async () => {
  workers = await createWorkerWorld();
});
afterEach(() => workers.close());

/** The same worker in both languages. */
const languages = [
  {
    language: 'TypeScript',
    file: 'task.ts',
    hooked: (body: string, hooks = '') => `
      import { Worker } from 'batchy';
      export class Task extends Worker {
        onStart(): void { this.logger.info('start ' + this.argv.join('+')); }
        async run(): Promise<number | void> { this.logger.info('run'); await null; ${body} }
        onSuccess(): void { this.logger.info('success ' + this.retcode); }
        onFail(): void { this.logger.info('fail ' + this.retcode); }
        onDestroy(): void { this.logger.info('destroy'); }
        ${hooks}
      }`,
    returns: (code: number) => `return ${code};`,
    sets: (code: number) => `this.retcode = ${code};`,
    throws: `throw new RangeError('no rows');`,
    thrown: 'no rows',
    stack: /RangeError: no rows\n.* ERROR +at .*task\.ts:/,
    exits: (code: number) => `console.error('giving up'); process.exit(${code});`,
    crashes: `process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {});`,
  },
  {
    language: 'Python',
    file: 'task.py',
    hooked: (body: string, hooks = '') => `
from pyrunner import Worker
import os, signal, sys

class Task(Worker):
  def on_start(self):
    self.logger.info('start ' + '+'.join(self.argv))
  def run(self):
    self.logger.info('run')
    ${body}
  def on_success(self):
    self.logger.info(f'success {self.retcode}')
  def on_fail(self):
    self.logger.info(f'fail {self.retcode}')
  def on_destroy(self):
    self.logger.info('destroy')
${hooks}`,
    returns: (code: number) => `return ${code}`,
    sets: (code: number) => `self.retcode = ${code}`,
    throws: `raise ValueError('no rows')`,
    thrown: 'ValueError: no rows',
    stack: /Traceback .*\n.* ERROR +File ".*task\.py", line \d+, in run\n(.*\n)*.* ERROR ValueError: no rows/,
    exits: (code: number) => `print('giving up', file=sys.stderr); os._exit(${code})`,
    crashes: `os.kill(os.getpid(), signal.SIGSEGV)`,
  },
];

/** What the log says behind time and level. */
const said = (log: string): string[] =>
  [...log.matchAll(/^\S+ (?:INFO|DEBUG) +(.*)$/gm)]
    .map(([, text = '']) => text)
    .filter((text) => /^(?:start|run|success|fail|destroy)\b/.test(text));

describe.each(languages)('a worker in $language', ({ file, hooked, returns, sets, throws, ...own }) => {
  it('goes through its hooks, in order, with its arguments', async () => {
    const body = workers.worker(file, 'Task', hooked(returns(0)), { arguments: ['a, b', '', '"c"'] });
    const { status, log } = await workers.run(body);
    expect(status).toBe('COMPLETED');
    expect(said(log)).toEqual(['start a, b++"c"', 'run', 'success 0', 'destroy']);
  });

  it('fails by what it returns, by its retcode, by what it throws', async () => {
    const told = [];
    for (const body of [returns(7), sets(3), throws]) {
      const { status, log, execution } = await workers.run(workers.worker(file, 'Task', hooked(body)));
      expect(status).toBe('FAILED');
      told.push([execution.exitMessage, ...said(log).slice(2)]);
      if (body === throws) expect(log).toMatch(own.stack);
      else expect(log).not.toMatch(/ at .*:\d+:\d+/);
    }
    const failed = (code: number): string =>
      `Worker "Task" of ${file} failed with retcode ${code}; its output is in the step’s log`;
    expect(told).toEqual([
      [failed(7), 'fail 7', 'destroy'],
      [failed(3), 'fail 3', 'destroy'],
      [own.thrown, 'fail 1', 'destroy'],
    ]);
  });

  it('that ends its process, or crashes, fails alone and says how', async () => {
    const messages = [];
    for (const body of [own.exits(0), own.exits(9), own.crashes])
      messages.push((await workers.run(workers.worker(file, 'Task', hooked(body)))).execution.exitMessage);
    const how = (text: string): string =>
      `Worker "Task" of ${file} did not get to its end: its process ${text}; its output is in the step’s log`;
    expect(messages).toEqual([
      how('ended with exit code 0: giving up'),
      how('ended with exit code 9: giving up'),
      how('was ended by SIGSEGV'),
    ]);
  });
});
