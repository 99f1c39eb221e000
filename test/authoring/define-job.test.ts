import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  chunkStep,
  csvWriter,
  defineJob,
  httpStep,
  type JobOptions,
  listWriter,
  type ParametersOf,
  partitionedStep,
  shellStep,
  step,
  type StepContext,
  waitStep,
} from '../../src/authoring/index.ts';
import { BatchyError } from '../../src/domain/errors.ts';

const nothing = (): void => {};

function refusal(job: unknown): BatchyError {
  try {
    defineJob(job as JobOptions);
  } catch (error) {
    if (error instanceof BatchyError) return error;
    throw error;
  }
  throw new Error('the job was accepted');
}

function pointers(job: unknown): string[] {
  return refusal(job).places.map(({ pointer }) => pointer);
}

describe('a job', () => {
  it('has what is usual where nothing is said', () => {
    const job = defineJob({ name: 'Plain', steps: [step('One', nothing)] });
    expect(job.definition).toEqual({
      name: 'Plain',
      description: null,
      bond: null,
      parameters: new Map(),
      additionalParameters: true,
      steps: [
        {
          name: 'One',
          kind: 'task',
          dependsOn: [],
          on: [],
          retry: { maxRetries: 0, delaySeconds: 1, backoff: 'fixed' },
          timeoutSeconds: null,
          allowStartIfComplete: false,
          startLimit: null,
        },
      ],
      restartable: true,
      refuseIfComplete: false,
      newInstancePerLaunch: false,
      maxConcurrent: null,
      timeoutSeconds: null,
      onFailure: 'stop',
      onOwnerLost: 'resume',
      maxTakeovers: 3,
    });
    expect(job.bodies.get('One')).toEqual({ kind: 'task', run: nothing });
  });

  it('keeps all that is said', () => {
    const { definition } = defineJob({
      name: 'Full',
      description: 'loads',
      workflow: 'orders-{{region}}',
      jobs: ['job1'],
      parameters: {
        region: { type: 'string', required: true },
        chunk: { type: 'integer', default: 1000, identifying: false, description: 'rows' },
      },
      additionalParameters: false,
      steps: [
        step('One', nothing, {
          dependsOn: [],
          on: { 'NO*': 'Two', '*': { end: 'FAILED' } },
          maxRetries: 3,
          retryDelay: 0.5,
          backoff: 'exponential',
          timeout: 600,
          allowStartIfComplete: true,
          startLimit: 4,
        }),
        step('Two', nothing),
      ],
      restartable: false,
      refuseIfComplete: true,
      maxConcurrent: 2,
      maxRunning: 1,
      queue: 'etl',
      priority: 'high',
      timeout: 3600,
      onFailure: 'continue',
      onOwnerLost: 'fail',
      maxTakeovers: 0,
    });
    expect(definition).toMatchObject({
      description: 'loads',
      bond: { workflow: 'orders-{{region}}', jobs: ['job1'] },
      additionalParameters: false,
      restartable: false,
      refuseIfComplete: true,
      maxConcurrent: 2,
      maxRunning: 1,
      queue: 'etl',
      priority: 'high',
      timeoutSeconds: 3600,
      onFailure: 'continue',
      onOwnerLost: 'fail',
      maxTakeovers: 0,
    });
    expect(definition.parameters.get('chunk')).toEqual({
      type: 'integer',
      default: 1000,
      required: false,
      identifying: false,
      description: 'rows',
    });
    expect(definition.steps[0]).toMatchObject({
      on: [
        { exitCode: 'NO*', to: { step: 'Two' } },
        { exitCode: '*', to: { end: 'FAILED' } },
      ],
      retry: { maxRetries: 3, delaySeconds: 0.5, backoff: 'exponential' },
      timeoutSeconds: 600,
      allowStartIfComplete: true,
      startLimit: 4,
    });
  });

  it('runs each step after the one before it, unless it says otherwise or a decision leads to it', () => {
    const { definition } = defineJob({
      name: 'Order',
      steps: [
        step('A', nothing, { on: { FAILED: 'Mend', '*': 'B' } }),
        step('B', nothing),
        step('C', nothing),
        step('D', nothing, { dependsOn: ['B', 'C'] }),
        step('E', nothing, { dependsOn: [] }),
        step('Mend', nothing),
      ],
    });
    expect(definition.steps.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ['A', []],
      ['B', []],
      ['C', ['B']],
      ['D', ['B', 'C']],
      ['E', []],
      ['Mend', []],
    ]);
  });

  it('tells all that is wrong at once, with places', () => {
    const error = refusal({
      name: 'Broken',
      retries: 3,
      timeout: 'soon',
      onFailure: 'shrug',
      parameters: { chunk: { type: 'number' } },
      steps: [
        step('One', 'not a function' as never, { maxRetries: -1, dependsOn: ['Nobody'] }),
        chunkStep('Two', { chunkSize: 0, skip: {}, retry: { limit: 0 } } as never),
        { name: 'Three' },
        shellStep('Four', 'ls -l'),
        httpStep('Five', { url: 'ftp://example.com', method: 'BREW' }),
        waitStep('Six', {} as never),
      ],
    });
    expect(error.code).toBe('invalid-job');
    expect(error.places.map(({ pointer }) => pointer).sort()).toEqual(
      [
        '/onFailure',
        '/parameters/chunk/type',
        '/retries',
        '/steps/0/dependsOn/0',
        '/steps/0/maxRetries',
        '/steps/0/run',
        '/steps/1/chunkSize',
        '/steps/1/reader',
        '/steps/1/retry/limit',
        '/steps/1/skip/limit',
        '/steps/1/writer',
        '/steps/2',
        '/steps/3/shell',
        '/steps/4/http/method',
        '/steps/4/http/url',
        '/steps/5/wait/workflow',
        '/timeout',
      ].sort(),
    );
    expect(error.detail).toContain('The job "Broken" cannot be used');
    expect(error.detail).toContain('/steps/0/maxRetries: must be a whole number of at least 0, but it is -1');
    expect(error.detail).toContain('"retries" is no option of a job; there are name, description, workflow');
  });

  it.each([
    [undefined, ['', '/steps', '/name']],
    [{}, ['/steps', '/name']],
    [{ name: 'J', steps: [] }, ['/steps']],
    [{ name: 'a b', steps: [step('One', nothing)] }, ['/name']],
    [{ name: 'J', steps: [step('One', nothing), step('One', nothing)] }, ['/steps/1/name']],
    [{ name: 'J', jobs: ['a'], steps: [step('One', nothing)] }, ['/jobs']],
    [
      { name: 'J', workflow: 'w', newInstancePerLaunch: true, steps: [step('One', nothing)] },
      ['/newInstancePerLaunch'],
    ],
    [{ name: 'J', steps: [step('One', nothing, { on: ['x'] as never })] }, ['/steps/0/on']],
    [{ name: 'J', steps: [step('One', nothing, { on: { X: { end: 'MAYBE' } } as never })] }, ['/steps/0/on/X']],
    [{ name: 'J', steps: [step('One', nothing, { 'a/b': 1 } as never)] }, ['/steps/0/a~1b']],
    [{ name: 'J', parameters: [], steps: [step('One', nothing)] }, ['/parameters']],
  ])('refuses %j at %j', (job, places) => {
    expect(pointers(job)).toEqual(places);
  });

  it('refuses steps that go round in a circle, and tells the way', () => {
    const error = refusal({
      name: 'Round',
      steps: [step('A', nothing, { dependsOn: ['B'] }), step('B', nothing, { dependsOn: ['A'] })],
    });
    expect(error.detail).toMatch(/A → B → A|B → A → B/);
  });
});

describe('names in texts', () => {
  it('are kept with the step, each once', () => {
    const { definition } = defineJob({
      name: 'Names',
      steps: [
        shellStep('Shell', ['echo', '{{a}} {{ b }}', '{{a}}'], { environment: { X: '{{c}}' } }),
        httpStep('Http', {
          url: 'https://example.com/{{d}}',
          headers: { 'x-e': '{{e}}' },
          body: { f: ['{{f}}'] },
        }),
        waitStep('Wait', { workflow: 'w-{{g}}' }),
        step('Task', nothing),
      ],
    });
    expect(definition.steps.map(({ templateNames }) => templateNames)).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
      ['g'],
      undefined,
    ]);
  });

  it('that no launch can give are refused', () => {
    const steps = [shellStep('Shell', ['echo', '{{region}}', '{{gone}}'])];
    const parameters = { region: { type: 'string' } } as const;
    expect(refusal({ name: 'J', parameters, additionalParameters: false, steps }).detail).toContain('{{gone}}');
    // A step with code of its own may set it.
    expect(
      defineJob({ name: 'J', parameters, additionalParameters: false, steps: [step('Set', nothing), ...steps] }),
    ).toBeDefined();
  });

  it('are refused where they are none', () => {
    expect(pointers({ name: 'J', steps: [shellStep('Shell', ['echo', '{{a b}}', '{{'])] })).toEqual([
      '/steps/0/shell/1',
      '/steps/0/shell/2',
    ]);
  });

  it('never come into the text of a shell', () => {
    const error = refusal({ name: 'J', steps: [shellStep('Shell', 'rm -r {{folder}}', { shell: true })] });
    expect(error.detail).toContain('$PARAM_');
    const { bodies } = defineJob({ name: 'J', steps: [shellStep('Shell', 'ls | wc -l', { shell: true })] });
    expect(bodies.get('Shell')).toMatchObject({ kind: 'shell', argv: ['ls | wc -l'], shell: true });
  });
});

describe('a partitioned step', () => {
  it('runs a function or a chunk for each range', () => {
    const { bodies } = defineJob({
      name: 'Parts',
      steps: [
        partitionedStep('Run', { partition: () => [{ from: 1 }, { from: 2 }], run: (ctx) => ctx.partition.from }),
        partitionedStep('Chunk', { partition: () => [1], reader: () => [1, 2], writer: nothing, concurrency: 2 }),
      ],
    });
    expect(bodies.get('Run')).toMatchObject({ kind: 'partition', concurrency: 4, body: { kind: 'task' } });
    expect(bodies.get('Chunk')).toMatchObject({ kind: 'partition', concurrency: 2, body: { kind: 'chunk' } });
  });

  it('is refused without ranges or with both kinds of work', () => {
    const steps = [partitionedStep('Parts', { run: nothing, writer: nothing } as never)];
    expect(pointers({ name: 'J', steps })).toEqual(['/steps/0/partition', '/steps/0/writer']);
  });
});

describe('types', () => {
  it('of parameters follow from the schema', () => {
    const parameters = {
      chunk: { type: 'integer', default: 1000 },
      region: { type: 'string', required: true },
      since: { type: 'date' },
      any: {},
    } as const;
    type Given = ParametersOf<typeof parameters>;
    expectTypeOf<Given['chunk']>().toEqualTypeOf<number>();
    expectTypeOf<Given['region']>().toEqualTypeOf<string>();
    expectTypeOf<Given['since']>().toEqualTypeOf<string | undefined>();
    const typed = step('One', (ctx: StepContext<Given>) => {
      expectTypeOf(ctx.parameters.chunk).toEqualTypeOf<number>();
    });
    expect(defineJob({ name: 'Typed', parameters, steps: [typed] }).definition.parameters.size).toBe(4);
  });

  it('of items flow from the reader to the writer', () => {
    const flowing = chunkStep('Flow', {
      reader: () => [1, 2, 3],
      processor: (item) => {
        expectTypeOf(item).toEqualTypeOf<number>();
        return item > 1 ? String(item) : null;
      },
      writer: (items) => {
        expectTypeOf(items).toEqualTypeOf<readonly string[]>();
      },
    });
    interface Order {
      id: number;
    }
    const orders = (): Order[] => [{ id: 1 }];
    const fitting = [
      chunkStep('Context', { reader: ({ attempt }) => orders().slice(attempt), writer: csvWriter('orders.csv') }),
      chunkStep('List', { reader: orders, writer: listWriter<Order>([]) }),
    ];
    // @ts-expect-error -- orders are no texts
    const unfitting = chunkStep('Wrong', { reader: orders, writer: listWriter<string>([]) });
    for (const { problems } of [flowing, ...fitting, unfitting]) expect(problems).toEqual([]);
  });
});
