import { describe, expect, expectTypeOf, it, test } from 'vitest';

import {
  alwaysRevert,
  alwaysRevertAll,
  type DeclaredFlow,
  defineFlow,
  forEach,
  graphFlow,
  linearFlow,
  parameterizedForEach,
  times,
  unorderedFlow,
} from '../../src/authoring/flow.ts';
import type { RunnableFlow } from '../../src/runner/flow-body.ts';
import type { StepContext } from '../../src/runner/step-context.ts';
import { task, type TaskOptions } from '../../src/authoring/flow-task.ts';
import { BatchyError, type ErrorPlace } from '../../src/domain/errors.ts';
import { missingRequirements } from '../../src/domain/flow-requirements.ts';
import { createFlowRun } from '../../src/domain/flow-run.ts';
import { newFlowState } from '../../src/domain/flow-state.ts';
import { argumentsOf } from '../../src/domain/flow-values.ts';
import type { Json } from '../../src/domain/json.ts';

const nothing = (): void => {};
const built = (made: DeclaredFlow): RunnableFlow => defineFlow('f', () => made).buildFlow();

function problemsOf(made: unknown): readonly ErrorPlace[] {
  try {
    defineFlow('f', () => made as DeclaredFlow).buildFlow();
  } catch (error) {
    if (error instanceof BatchyError && error.code === 'invalid-job') return error.places;
    throw error;
  }
  return expect.fail('it was accepted');
}

/** Runs what was built, one task after the other; what throws fails. */
async function carryOut({ flow, bodies }: RunnableFlow, store: Readonly<Record<string, Json>> = {}) {
  const run = createFlowRun(flow, newFlowState(new Map(Object.entries(store))));
  for (;;) {
    const decision = run.next();
    if (decision.kind === 'finish') return decision;
    if (decision.kind === 'decide') run.apply({ kind: 'decided' });
    if (!('names' in decision)) continue;
    const name = decision.names[0] as string;
    const body = bodies.get(name);
    if (decision.kind === 'run') {
      run.apply({ kind: 'started', task: name });
      try {
        const result = ((await body?.execute(argumentsOf(flow, run.state, name), {} as StepContext)) ?? null) as Json;
        run.apply({ kind: 'succeeded', task: name, result });
      } catch (error) {
        const { name: kind, message } = error as Error;
        run.apply({ kind: 'failed', task: name, error: { name: kind, message } });
      }
    } else {
      run.apply({ kind: 'revert-started', task: name });
      const failures = run.state.unwinding?.failures ?? [];
      const { result = null, failure = null } = run.state.tasks.get(name) ?? {};
      await body?.revert?.({ succeeded: failure === null, result, failures }, {} as StepContext);
      run.apply({ kind: 'reverted', task: name });
    }
  }
}

describe('a flow as the specification has it', () => {
  const events: string[] = [];
  const provision = defineFlow('provision', ({ attempts = 3 }) =>
    linearFlow('vps', { retry: times(attempts) }, [
      task('create_volume', {
        requires: ['size'],
        provides: 'volume_id',
        execute: ({ size }) => {
          events.push(`create ${size}`);
          return `volume of ${size}`;
        },
        revert: ({ result }) => events.push(`delete ${result}`),
      }),
      task('attach', {
        requires: ['volume_id', 'instance_id'],
        execute: async ({ volume_id, instance_id }) => {
          events.push(`attach ${volume_id} to ${instance_id}`);
          await Promise.resolve();
          throw new TypeError('no such instance');
        },
        revert: ({ result, failures }) => events.push(`detach ${result} because ${failures[0]?.error.message}`),
      }),
    ]),
  );

  it('runs, and is reverted', async () => {
    const finish = await carryOut(provision.buildFlow({ attempts: 2 }), { size: 7, instance_id: 'i' });
    const once = ['create 7', 'attach volume of 7 to i', 'detach null because no such instance', 'delete volume of 7'];
    expect(events).toEqual([...once, ...once]);
    expect(finish).toEqual({
      kind: 'finish',
      status: 'REVERTED',
      failures: [{ task: 'attach', during: 'execute', error: { name: 'TypeError', message: 'no such instance' } }],
    });
  });

  it('is made anew of what was posted, each time', () => {
    const retryOf = (given?: object): unknown => {
      const [root] = provision.buildFlow(given).flow.nodes;
      return root?.kind === 'task' ? null : root?.retry;
    };
    expect(retryOf()).toEqual({ kind: 'times', attempts: 3 });
    expect(retryOf({ attempts: 5 })).toEqual({ kind: 'times', attempts: 5 });
    expect(provision.buildFlow().flow).not.toBe(provision.buildFlow().flow);
  });

  it('says what the store must have', () => {
    expect(missingRequirements(provision.buildFlow().flow, ['size'])).toEqual([
      { node: 'attach', value: 'instance_id', providedBy: [] },
    ]);
    expect(missingRequirements(provision.buildFlow().flow, ['size', 'instance_id'])).toEqual([]);
  });
});

describe('a flow as a job', () => {
  const nothingToDo = (): DeclaredFlow => linearFlow('l', []);

  it('has no steps, and an instance for each launch', () => {
    const { definition, bodies } = defineFlow('f', nothingToDo);
    expect(definition).toEqual({
      name: 'f',
      description: null,
      bond: null,
      parameters: new Map(),
      additionalParameters: true,
      steps: [],
      restartable: true,
      refuseIfComplete: false,
      newInstancePerLaunch: true,
      maxConcurrent: null,
      timeoutSeconds: null,
      onFailure: 'stop',
      onOwnerLost: 'resume',
      maxTakeovers: 3,
      isFlow: true,
    });
    expect(bodies.size).toBe(0);
  });

  it('may say how it is launched and run', () => {
    const { definition } = defineFlow('f', nothingToDo, {
      description: 'makes a server',
      parameters: { size: { type: 'integer', required: true } },
      restartable: false,
      newInstancePerLaunch: false,
      maxConcurrent: 2,
      maxRunning: 1,
      queue: 'etl',
      priority: 'low',
      maxProcs: 3,
      timeout: 60,
      onOwnerLost: 'fail',
      maxTakeovers: 1,
    });
    expect(definition).toMatchObject({
      description: 'makes a server',
      parameters: new Map([['size', { type: 'integer', required: true, identifying: true, description: null }]]),
      restartable: false,
      newInstancePerLaunch: false,
      maxConcurrent: 2,
      maxRunning: 1,
      queue: 'etl',
      priority: 'low',
      maxProcs: 3,
      timeoutSeconds: 60,
      onOwnerLost: 'fail',
      maxTakeovers: 1,
    });
  });

  it('is not made before it is picked up', () => {
    const flow = defineFlow('f', () => expect.fail('it was made'));
    expect(flow.definition.name).toBe('f');
  });

  it('takes what its function destructures as parameters', () => {
    const { parameters } = defineFlow('f', ({ size, attempts = 3 }) =>
      linearFlow('l', { retry: times(attempts) }, [task('a', { execute: () => size })]),
    ).definition;
    const untold = { type: null, identifying: true, description: null };
    expect([...parameters]).toEqual([
      ['size', { ...untold, required: true }],
      ['attempts', { ...untold, required: false }],
    ]);
    expect(
      defineFlow('f', (given) => linearFlow('l', [task('a', { requires: [], execute: () => given })])).definition
        .parameters.size,
    ).toBe(0);
    expect(defineFlow('f', ({ run_id }) => linearFlow(run_id, [])).definition.parameters.size).toBe(0);
  });

  it('that loads a window declares neither the window nor a second thing that identifies', () => {
    const { definition } = defineFlow(
      'f',
      ({ region, from_date, attempts = 1 }) => linearFlow(`${region}${from_date}`, { retry: times(attempts) }, []),
      { workflow: 'orders-{{region}}', jobs: ['load'] },
    );
    expect(definition.bond).toEqual({ workflow: 'orders-{{region}}', jobs: ['load'] });
    expect(definition.newInstancePerLaunch).toBe(false);
    expect([...definition.parameters].map(([name, { identifying }]) => [name, identifying])).toEqual([
      ['region', true],
      ['attempts', false],
    ]);
  });
});

describe('a task', () => {
  const inputsOf = (options: TaskOptions) => task('t', options).declaration.inputs;

  it('requires what it destructures without a default', () => {
    expect(inputsOf({ execute: ({ message, port = 8080 }) => [message, port] })).toEqual([
      { argument: 'port', value: 'port', optional: true },
      { argument: 'message', value: 'message', optional: false },
    ]);
  });

  it('requires what is said, whatever it destructures', () => {
    const options = { requires: ['a'], optional: ['b'], execute: ({ c = 1 }) => c };
    expect(inputsOf(options as unknown as TaskOptions)).toEqual([
      { argument: 'b', value: 'b', optional: true },
      { argument: 'a', value: 'a', optional: false },
    ]);
    expect(inputsOf({ requires: [], execute: (values) => values })).toEqual([]);
  });

  it('takes values of other names, and values that are said', async () => {
    const seen: unknown[] = [];
    const client = { send: nothing };
    const flow = linearFlow('l', [
      task('a', { provides: ['one', 'two'], execute: () => [1, 2] }),
      task('b', { provides: { id: 'three' }, execute: () => ({ id: 3 }) }),
      task('c', {
        rebind: { first: 'two', second: 'three' },
        inject: { client, one: 'said' },
        execute: ({ first, second, one, client: injected }) => seen.push(first, second, one, injected),
      }),
    ]);
    await carryOut(built(flow), { three: 'posted' });
    expect(seen).toEqual([2, 'posted', 'said', client]);
  });

  it('knows its arguments by their names, where they are said', () => {
    task('t', {
      requires: ['size'],
      optional: ['port'],
      rebind: { host: 'address' },
      inject: { client: 1 },
      execute: (values) => {
        expectTypeOf<keyof typeof values>().toEqualTypeOf<'size' | 'port' | 'host' | 'client'>();
        expectTypeOf(values.client).toEqualTypeOf<number>();
      },
    });
    // @ts-expect-error -- nobody gives it
    task('t', { requires: ['size'], execute: ({ sise }) => sise });
  });

  it('that cannot be read must say what it requires', () => {
    const flow = linearFlow('l', [task('a', { execute: (values) => values })]);
    expect(problemsOf(flow)).toEqual([
      {
        pointer: '/children/0/requires',
        detail: `what execute takes cannot be read from its source; say it: requires: ['size', …], or [] for nothing`,
      },
    ]);
  });

  it('without a revert is passed over', async () => {
    const fail = task('b', {
      execute: () => {
        throw new Error('no');
      },
    });
    expect(await carryOut(built(linearFlow('l', [task('a', { execute: nothing }), fail])))).toMatchObject({
      status: 'REVERTED',
    });
  });
});

describe('flows', () => {
  it('nest, each with its order and its controller', () => {
    const one = (name: string) => task(name, { execute: nothing });
    const { flow, bodies } = built(
      linearFlow('l', { retry: alwaysRevertAll() }, [
        unorderedFlow('u', { retry: alwaysRevert() }, [one('a'), one('b')]),
        graphFlow('g', { retry: forEach([1, 'x']) }, [one('c')]),
        graphFlow('p', { retry: parameterizedForEach('hosts', 'host') }, [one('d')]),
      ]),
    );
    expect(flow.nodes.map((node) => [node.name, node.kind, node.kind === 'task' ? null : node.retry])).toEqual([
      ['l', 'linear', { kind: 'alwaysRevertAll' }],
      ['u', 'unordered', { kind: 'alwaysRevert' }],
      ['a', 'task', null],
      ['b', 'task', null],
      ['g', 'graph', { kind: 'forEach', values: [1, 'x'], provides: 'value' }],
      ['c', 'task', null],
      ['p', 'graph', { kind: 'parameterizedForEach', parameter: 'hosts', provides: 'host' }],
      ['d', 'task', null],
    ]);
    expect([...bodies.keys()]).toEqual(['a', 'b', 'c', 'd']);
  });

  it('need no options', () => {
    expect(built(linearFlow('l', undefined, [])).flow).toEqual(built(linearFlow('l', [])).flow);
  });

  it('try the values of a controller', async () => {
    const tried: unknown[] = [];
    const execute = ({ value }: { value: unknown }): void => {
      tried.push(value);
      if (value !== 'ok') throw new Error('no');
    };
    const finish = await carryOut(
      built(linearFlow('l', { retry: forEach(['x', 'y', 'ok']) }, [task('a', { execute })])),
    );
    expect(tried).toEqual(['x', 'y', 'ok']);
    expect(finish.status).toBe('SUCCESS');
  });
});

describe('what is wrong with a flow', () => {
  it('is told all at once, each with its place', () => {
    const places = problemsOf(
      linearFlow('l', { retry: { kind: 'often' }, order: 1 } as never, [
        task('a', { provides: ['x', 'x'], execute: 1, revert: 'undo', reverse: nothing } as never),
        graphFlow('g', { retry: times(0) }, [
          task('a', { requires: ['n'], provides: 'm', execute: nothing }),
          task('c', { requires: ['m'], provides: 'n', execute: nothing }),
          nothing as never,
        ]),
        linearFlow(7 as never, 'none' as never),
        task('d', { inject: [1] } as never),
      ]),
    );
    expect(places.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/children/0/execute',
      '/children/0/provides',
      '/children/0/reverse',
      '/children/0/revert',
      '/children/1/children/0',
      '/children/1/children/0/name',
      '/children/1/children/2',
      '/children/1/retry',
      '/children/2/children',
      '/children/2/name',
      '/children/3/execute',
      '/children/3/inject',
      '/order',
      '/retry',
    ]);
  });

  it('may be values that cannot be stored with their attempts', () => {
    const values = ['x', undefined, new Date(0), [Number.NaN], 1n, { a: 1 }] as never;
    const places = problemsOf(linearFlow('l', { retry: forEach(values) }, [task('a', { execute: nothing })]));
    expect(places.map(({ pointer }) => pointer)).toEqual([1, 2, 3, 4].map((place) => `/retry/values/${place}`));
    expect(places[0]?.detail).toMatch(/^a value of forEach must be JSON/);
  });

  // eslint-disable-next-line no-sparse-arrays -- what is left empty is no JSON either
  it.each([[[1, , 3]], [[[1], { deep: [, 1] }]]])('may be a place of a list that is left empty: %o', (values) => {
    const places = problemsOf(linearFlow('l', { retry: forEach(values as never) }, [task('a', { execute: nothing })]));
    expect(places).toMatchObject([{ pointer: '/retry/values/1' }]);
  });

  it.each<[unknown, string]>([
    [forEach('abc' as never), 'forEach takes a list of values, but it is the text "abc"'],
    [forEach(undefined as never), 'forEach takes a list of values, but it is nothing'],
    [forEach([]), 'forEach needs at least one value'],
    [forEach([1], 7 as never), 'forEach takes the name of its value: a text, but it is 7'],
    [times('3' as never), 'times takes a number of attempts, but it is the text "3"'],
    [times(undefined as never), 'times takes a number of attempts, but it is nothing'],
    [times(0), 'times takes how many attempts there are in all, 1 or more, not 0'],
    [parameterizedForEach(['x'] as never), 'parameterizedForEach takes the name of a list: a text, but it is a list'],
    [
      'often',
      'must be made by times, forEach, parameterizedForEach, alwaysRevert or alwaysRevertAll, but it is "often"',
    ],
  ])('may be its controller: %o', (retry, detail) => {
    const flow = linearFlow('l', [linearFlow('sub', { retry } as never, [])]);
    expect(problemsOf(flow)).toEqual([{ pointer: '/children/0/retry', detail }]);
  });

  it('is told by the names of those whom it is about, and by its place', () => {
    const flow = linearFlow('l', [
      nothing as never,
      linearFlow('sub', { retry: times(0) }, [task('attach', { provides: ['x', 'x'], execute: nothing })]),
    ]);
    const sentence = (given?: object): string => {
      try {
        defineFlow('f', () => flow).buildFlow(given as never);
      } catch (error) {
        return (error as Error).message;
      }
      return 'it was accepted';
    };
    expect(sentence()).toBe(
      'The flow "f" cannot be used: /children/0: must be made by task, linearFlow, unorderedFlow or graphFlow, but it is a function; ' +
        'task "attach" (/children/1/children/0/provides): two parts of the result have the name "x"; ' +
        'flow "sub" (/children/1/retry): times takes how many attempts there are in all, 1 or more, not 0. ' +
        'Mend its file; it is read again at once.',
    );
    expect(sentence({ attempts: 0 })).toMatch(
      /not 0\. Mend its file, which is read again at once, or what was posted\.$/,
    );
  });

  it('may be that it is far too deep: that is one short sentence', () => {
    let flow = linearFlow('f0', [task('a', { execute: nothing })]);
    for (let depth = 1; depth < 1000; depth += 1)
      flow = linearFlow(`f${depth}`, [flow, task(`t${depth}`, { execute: nothing }), linearFlow(`g${depth}`, [])]);
    expect(() => defineFlow('f', () => flow).buildFlow()).toThrow(
      /^The flow "f" cannot be used: flow "f900": flows may nest at most 100 deep\. Mend its file; it is read again at once\.$/,
    );
  });

  test.each([null, 'flow', nothing, task('t', { execute: nothing }), Promise.resolve(1)])(
    'may be that its function returns none: %s',
    (made) => {
      expect(problemsOf(made)[0]?.detail).toMatch(/^its function must return a linearFlow/);
    },
  );

  it('may be that its function is async, whatever comes of that', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    expect(problemsOf(Promise.reject(new Error('too late')))[0]?.detail).toMatch(
      /but it returns a promise: it may not be async$/,
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('may be its name', () => {
    expect(() => defineFlow('two words', () => linearFlow('l', []))).toThrow(
      /^The flow "two words" cannot be used: \/name: "two words" is no job name/,
    );
  });

  it('may be how it is launched: all of it is told at once', () => {
    const options = {
      timeout: 0,
      maxProcs: 'two',
      workflow: 'a b',
      newInstancePerLaunch: true,
      retry: times(2),
      parameters: { size: { type: 'weight' } },
    };
    const refusal = expect.objectContaining({
      code: 'invalid-job',
      places: expect.arrayContaining(
        [
          '/factory',
          '/maxProcs',
          '/name',
          '/newInstancePerLaunch',
          '/parameters/size/type',
          '/retry',
          '/timeout',
          '/workflow',
        ].map((pointer) => expect.objectContaining({ pointer }) as unknown),
      ) as unknown,
    }) as Error;
    expect(() => defineFlow(7 as never, {} as never, options as never)).toThrow(refusal);
  });
});
