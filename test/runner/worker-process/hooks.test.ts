import { describe, expect, it } from 'vitest';

import { Worker, type WorkerContext, type WorkerEquipment, type WorkerResult } from '../../../src/authoring/worker.ts';
import { runHooks } from '../../../src/runner/worker-process/node/hooks.ts';

const said: string[] = [];
const say = (text: string): void => void said.push(text);
const equipment: WorkerEquipment = {
  logger: { debug: say, info: say, warn: say, warning: say, error: say, success: say },
  context: {} as WorkerContext,
  argv: ['one'],
};

type Hook = 'onStart' | 'run' | 'onSuccess' | 'onFail' | 'onDestroy';

/** Tells its hooks as they are called; what they do is told for each test. */
class Told extends Worker {
  readonly #does: Partial<Record<Hook, (worker: Worker) => unknown>>;
  constructor(does: Partial<Record<Hook, (worker: Worker) => unknown>>) {
    super(equipment);
    this.#does = does;
    said.length = 0;
  }
  override onStart = (): WorkerResult => this.#call('onStart');
  override onSuccess = (): WorkerResult => this.#call('onSuccess');
  override onFail = (): WorkerResult => this.#call('onFail');
  override onDestroy = (): WorkerResult => this.#call('onDestroy');
  override run(): WorkerResult {
    return this.#call('run');
  }
  #call(hook: Hook): WorkerResult {
    say(hook);
    return this.#does[hook]?.(this) as WorkerResult;
  }
}

const fail = (text: string) => (): never => {
  throw new Error(text);
};
const forEver = (): Promise<never> => new Promise(() => {});

describe('the hooks of a worker', () => {
  it.each<[string, ConstructorParameters<typeof Told>[0], string, number, string | null]>([
    ['nothing', {}, 'onStart run onSuccess onDestroy', 0, null],
    ['no work where the start fails', { onStart: fail('a') }, 'onStart onFail onDestroy', 1, 'a'],
    ['no work where the start returns a code', { onStart: () => 4 }, 'onStart onFail onDestroy', 4, null],
    ['a code', { run: () => 7 }, 'onStart run onFail onDestroy', 7, null],
    ['a code, later', { run: () => Promise.resolve(7) }, 'onStart run onFail onDestroy', 7, null],
    ['true', { run: () => true }, 'onStart run onFail onDestroy', 1, null],
    ['a rejection', { run: () => Promise.reject(new Error('a')) }, 'onStart run onFail onDestroy', 1, 'a'],
    [
      'a code and a throw',
      { run: (worker) => ((worker.retcode = 9), fail('a')()) },
      'onStart run onFail onDestroy',
      9,
      'a',
    ],
    ['a code after the success', { onSuccess: () => 5 }, 'onStart run onSuccess onDestroy', 5, null],
    ['a throw after the success', { onSuccess: fail('a') }, 'onStart run onSuccess onDestroy', 1, 'a'],
    ['a throw at the end', { onDestroy: fail('a') }, 'onStart run onSuccess onDestroy', 1, 'a'],
    [
      'less than 0',
      { run: () => -1 },
      'onStart run onFail onDestroy',
      1,
      'retcode must be a whole number, 0 or more, but it is -1.',
    ],
    [
      'a text',
      { run: () => 'done' },
      'onStart run onFail onDestroy',
      1,
      'A worker returns nothing, or a number above 0 to fail; it returned "done".',
    ],
  ])('come in order: %s', async (_what, does, hooks, retcode, message) => {
    const end = await runHooks(new Told(does)).ended;
    expect(said.join(' ')).toBe(hooks);
    expect([end?.retcode, end?.failure?.message ?? null]).toEqual([retcode, message]);
  });

  it('tell the first error, and log what comes after it', async () => {
    const end = await runHooks(new Told({ run: fail('first'), onFail: fail('second'), onDestroy: fail('third') }))
      .ended;
    expect(end?.failure?.message).toBe('first');
    expect(said.map((text) => text.split('\n')[0])).toEqual([
      'onStart',
      'run',
      'onFail',
      'Error: second',
      'onDestroy',
      'Error: third',
    ]);
  });

  it('leave what is under way for an error that nothing caught', async () => {
    const hooks = runHooks(new Told({ run: forEver }));
    await expect.poll(() => said).toContain('run');
    hooks.fail(new Error('stray'));
    expect((await hooks.ended)?.failure?.message).toBe('stray');
    expect(said.join(' ')).toBe('onStart run onFail onDestroy');
  });

  it('come to onDestroy at once when stopped', async () => {
    const hooks = runHooks(new Told({ run: forEver }));
    await expect.poll(() => said).toContain('run');
    hooks.stop();
    expect(await hooks.ended).toBe(null);
    expect(said.join(' ')).toBe('onStart run onDestroy');
  });

  it('are not broken off in onDestroy', async () => {
    const destroyed = Promise.withResolvers<void>();
    const hooks = runHooks(new Told({ onDestroy: () => destroyed.promise }));
    await expect.poll(() => said).toContain('onDestroy');
    hooks.stop();
    destroyed.resolve(say('closed'));
    expect(await hooks.ended).toBe(null);
    expect(said.at(-1)).toBe('closed');
  });
});

describe('a worker that is made in a test', () => {
  it('works with what it is given, and says what is missing', () => {
    class Own extends Worker {
      readonly first = this.argv[0];
      run(): void {}
    }
    expect(new Own(equipment).first).toBe('one');
    expect(() => new Own()).toThrow('in a test, give it { logger, context, argv }');
  });
});
