import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { systemTimers } from '../../../src/adapters/system/timers.ts';
import { numberFromSource, stringifyJson } from '../../../src/domain/json.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { runExecution } from '../../../src/runner/engine.ts';
import type { StepBody, WorkerBody } from '../../../src/runner/step-body.ts';
import { createWorld, jobOf } from '../world.ts';
import { createWorkerWorld, type WorkerWorld } from './worker-world.ts';

let workers: WorkerWorld;
beforeEach(async () => {
  workers = await createWorkerWorld();
});
afterEach(() => workers.close());

const typescript = (body: string): WorkerBody =>
  workers.worker(
    'task.ts',
    'Task',
    `import { Worker } from 'batchy';\nexport class Task extends Worker { run() { const { context } = this; ${body} } }`,
  );
const python = (...body: string[]): WorkerBody =>
  workers.worker(
    'task.py',
    'Task',
    `from pyrunner import Worker\nclass Task(Worker):\n  def run(self):\n    ${body.join('\n    ')}\n`,
  );
const together = (...bodies: StepBody[]) =>
  workers.world.runNew(jobOf(bodies.map((body, index) => ({ name: `Task${index}`, dependsOn: [], body }))));
const oneAfterTheOther = (...bodies: StepBody[]) =>
  workers.world.runNew(jobOf(bodies.map((body, index) => ({ name: `Task${index}`, body }))));

describe('the context of workers', () => {
  it('is seen at once by those that run beside, whatever their language', async () => {
    const { status, context } = await together(
      typescript(`
        context.set('from_ts', { rows: [1, null, 'ä\\n'] });
        while (!context.has('from_py')) ;
        context.set('ts_got', context.get('from_py'));`),
      python(
        `while 'from_ts' not in self.context: pass`,
        `self.context['from_py'] = {'run_date_str': '2026-11-22'}`,
        `self.context['py_got'] = self.context['from_ts']`,
      ),
    );
    expect(status).toBe('COMPLETED');
    expect(context).toMatchObject({ ts_got: { run_date_str: '2026-11-22' }, py_got: { rows: [1, null, 'ä\n'] } });
  });

  it('loses nothing that is counted, and keeps the order of what one sets', async () => {
    const { context } = await together(
      typescript(`for (let i = 1; i <= 60; i += 1) { context.increment('count'); context.set('last_ts', i); }`),
      python(`for i in range(1, 61):`, `  self.context.increment('count', 2)`, `  self.context['last_py'] = i`),
    );
    expect(context).toEqual({ count: 180, last_ts: 60, last_py: 60 });
  });

  it('is stored when a set returns, even if nothing comes after it', async () => {
    const { status, context } = await oneAfterTheOther(
      typescript(`context.set('reached', 'the middle'); process.kill(process.pid, 'SIGKILL');`),
    );
    expect([status, context]).toEqual(['FAILED', { reached: 'the middle' }]);
  });

  it('is not set before it is stored: what cannot be is told to the worker', async () => {
    const { world } = workers;
    const { store } = world.stores;
    const stores: Stores = {
      ...world.stores,
      store: {
        ...store,
        async commit(commit) {
          const texts = commit.changes.map((change) => (change.kind === 'document' ? change.text : ''));
          if (texts.some((text) => text?.includes('unstorable') === true)) throw new Error('the disk is full');
          return store.commit(commit);
        },
      },
    };
    const body = typescript(`
      context.set('storable', 1);
      try { context.set('unstorable', 2); } catch (error) { this.logger.info('heard that ' + error.message); }`);
    const other = await createWorld({ stores, timers: systemTimers });
    const job = jobOf([{ name: 'Task', body }]);
    const id = await other.launch(job);
    await other.run(id, job);
    expect(await other.log(id, 'Task')).toContain('INFO  heard that the disk is full\n');
    expect((await world.outcome(id)).context).toEqual({ storable: 1 });
    await other.close();
  });

  it('is a mapping in Python, which misses what is not there', async () => {
    const { status, context } = await oneAfterTheOther(
      python(
        `c = self.context`,
        `c['a'], c['b'] = 1, None`,
        `c.set('c', [True])`,
        `del c['a']`,
        `seen = [sorted(c), len(c), 'a' in c, c.has('b'), c.get('a'), c.get('a', 'default'), c.get('b', 'default')]`,
        `for action in (lambda: c['a'], lambda: c.pop('a'), lambda: c.__setitem__('a', {1, 2}), lambda: c.has(7)):`,
        `  try: action()`,
        `  except Exception as error: seen.append(type(error).__name__)`,
        `c['seen'] = seen`,
      ),
    );
    expect(status).toBe('COMPLETED');
    expect(context).toEqual({
      b: null,
      c: [true],
      seen: [['b', 'c'], 2, false, true, null, 'default', null, 'KeyError', 'KeyError', 'TypeError', 'TypeError'],
    });
  });

  it('throws in TypeScript for what is not there, and for what is no JSON', async () => {
    const { status, context } = await oneAfterTheOther(
      typescript(`
        context.set('a', 1);
        context.set('b', null);
        context.delete('a');
        const seen = [context.keys(), context.has('a'), context.get('a', 'default'), context.get('b', 'default')];
        for (const action of [() => context.get('a'), () => context.set('a', new Map()), () => context.increment('b')])
          try { action(); } catch (error) { seen.push(error.message); }
        context.set('seen', seen);`),
    );
    expect(status).toBe('COMPLETED');
    expect(context['seen']).toEqual([
      ['b'],
      false,
      'default',
      null,
      'The context has no "a": no task has set it. Give get() a default if that is right.',
      'the context value "a" must be JSON (text, number, boolean, null, array or plain object), not a Map.',
      'The context value "b" is no number, so that nothing can be added to it.',
    ]);
  });

  it('keeps whole numbers exact', async () => {
    const { context } = await oneAfterTheOther(
      { kind: 'task', run: (ctx) => ctx.context.set('big', numberFromSource('12345678901234567890')) },
      python(`self.context['big'] += 1`, `self.context.increment('big')`),
      typescript(`context.set('copy', context.get('big')); context.increment('big', 3);`),
    );
    expect(stringifyJson(context)).toBe('{"big":12345678901234567895,"copy":12345678901234567892}');
  });

  it('gives numbers that can be computed with, in whatever language they were set', async () => {
    let seen: unknown = null;
    const { context } = await oneAfterTheOther(
      python(`self.context['ratio'] = 1.0`, `self.context['sizes'] = [{'tiny': 1e-05, 'huge': 1e22}]`),
      typescript(
        `const [{ tiny, huge }] = context.get('sizes'); context.set('sum', context.get('ratio') + tiny + huge);`,
      ),
      { kind: 'task', run: (ctx) => void (seen = [ctx.context.get('ratio'), ctx.context.get('sizes')]) },
    );
    expect(context['sum']).toBe(1e22);
    expect(seen).toEqual([1, [{ tiny: 0.000_01, huge: 1e22 }]]);
  });

  it('carries what is large', async () => {
    const { context } = await oneAfterTheOther(
      python(`self.context['text'] = 'ä' * 300000`),
      typescript(`context.set('length', context.get('text').length);`),
    );
    expect(context['length']).toBe(300_000);
  });

  it('refuses what is too large, and carries what is as large as may be', async () => {
    const { status, context } = await oneAfterTheOther(
      python(
        `self.context['text'] = 'ä' * (2 * 1024 * 1024 - 1)`,
        `try: self.context['rows'] = 'ä' * (2 * 1024 * 1024)`,
        `except ValueError as error: self.context['said'] = str(error)`,
        `self.context['text'] = None`,
      ),
      typescript(`
        context.set('text', 'ä'.repeat(2 * 1024 * 1024 - 1));
        try { context.set('rows', 'ä'.repeat(2 * 1024 * 1024)); } catch (error) { context.set('saidToo', error.message); }
        context.set('text', null);`),
    );
    const said =
      'The context value "rows" has 4194306 bytes as JSON, and may have 4194304: keep it in a file or a table, and its name in the context.';
    expect([status, context]).toEqual(['COMPLETED', { text: null, said, saidToo: said }]);
  });

  it('refuses a Python process that the worker has started', async () => {
    const { context } = await oneAfterTheOther(
      python(
        `import os`,
        `reading, writing = os.pipe()`,
        `if os.fork() == 0:`,
        `  try: self.context.get('a')`,
        `  except RuntimeError as error: os.write(writing, str(error).encode())`,
        `  os._exit(0)`,
        `os.wait()`,
        `self.context['told'] = os.read(reading, 1000).decode()`,
      ),
    );
    expect(context['told']).toContain("belongs to the worker's own process");
  });

  it('is no longer changed by one whose execution is another’s', async () => {
    const { world } = workers;
    const body = typescript(`context.set('one', 1); for (;;) context.set('two', 2);`);
    const job = jobOf([{ name: 'Task', body }]);
    const id = await world.launch(job);
    const session = await world.take(id);
    const running = runExecution(session, job, world.tools, new AbortController().signal);
    await expect.poll(async () => (await world.outcome(id)).context, { timeout: 20_000 }).toMatchObject({ two: 2 });
    await world.take(id, 'another');
    expect(await running).toBe('lost');
    expect((await world.outcome(id)).status).toBe('STARTED');
  });
});
