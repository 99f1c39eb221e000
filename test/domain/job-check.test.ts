import { describe, expect, it, test } from 'vitest';

import { checkJobDefinition, checkJobs } from '../../src/domain/job-check.ts';
import type { JobDefinition, ParameterDefinition, StepDefinition, WorkflowBond } from '../../src/domain/job.ts';
import { jobOf, stepOf } from './job-of.ts';

const pointers = (definition: JobDefinition): string[] => checkJobDefinition(definition).map(({ pointer }) => pointer);
const details = (definition: JobDefinition): string =>
  checkJobDefinition(definition)
    .map(({ detail }) => detail)
    .join('\n');
const named = (name: string): JobDefinition => jobOf([stepOf('a')], { name });
const steps = (...written: StepDefinition[]): JobDefinition => jobOf(written);
const parameter = (more: Partial<ParameterDefinition> = {}): ParameterDefinition => ({
  type: 'string',
  required: false,
  identifying: true,
  description: null,
  ...more,
});
const bound = (workflow: string, parameters: Record<string, ParameterDefinition> = {}, jobs: string[] | null = null) =>
  jobOf([stepOf('a')], { bond: { workflow, jobs }, parameters: new Map(Object.entries(parameters)) });

it('a flow has no steps', () => {
  expect(pointers(jobOf([]))).toEqual(['/steps']);
  expect(pointers(jobOf([], { isFlow: true }))).toEqual([]);
});

describe('names', () => {
  it.each(['LoadOrders', '_x', '9to5', 'a.b-c_d', 'x'.repeat(128), 'constructor'])('%s is a job', (name) => {
    expect(checkJobDefinition(named(name))).toEqual([]);
  });

  it.each(['', '.', '..', '-x', 'a b', 'a:b', 'a/b', 'x'.repeat(129), 'ä', 'a\n', '{{a}}', '__proto__'])(
    '%j is no job',
    (name) => {
      expect(pointers(named(name))).toEqual(['/name']);
    },
  );

  it.each(['Step1', 'load orders', '__proto__', 'x'.repeat(128)])('%s is a step', (name) => {
    expect(checkJobDefinition(steps(stepOf(name)))).toEqual([]);
  });

  it.each(['', ' a', 'a ', 'a:partition1', 'a/b', '..', 'x'.repeat(129), 'a\tb'])('%j is no step', (name) => {
    expect(pointers(steps(stepOf(name)))).toEqual(['/steps/0/name']);
  });

  it('of parameters are checked', () => {
    const definition = jobOf([stepOf('a')], { parameters: new Map([['a b', parameter()]]) });
    expect(pointers(definition)).toEqual(['/parameters/a b']);
  });
});

describe('steps', () => {
  it('there must be one', () => {
    expect(pointers(steps())).toEqual(['/steps']);
  });

  it('have different names', () => {
    const definition = steps(stepOf('a'), stepOf('b'), stepOf('a'));
    expect(pointers(definition)).toEqual(['/steps/2/name']);
    expect(details(definition)).toContain('/steps/0');
  });

  it('name steps that are there', () => {
    expect(
      pointers(
        steps(
          stepOf('a', { on: [{ exitCode: 'X', to: { step: 'nobody' } }] }),
          stepOf('b', { dependsOn: ['a', 'toString'] }),
        ),
      ),
    ).toEqual(['/steps/0/on/0', '/steps/1/dependsOn/1']);
  });

  it('decide on an exit code once', () => {
    const decide = (exitCode: string) => ({ exitCode, to: { end: 'COMPLETED' } }) as const;
    expect(pointers(steps(stepOf('a', { on: [decide('X'), decide(''), decide('X')] })))).toEqual([
      '/steps/0/on/1',
      '/steps/0/on/2',
    ]);
  });

  it.each([
    ['itself', steps(stepOf('a', { dependsOn: ['a'] })), '/steps/0/dependsOn/0', 'a → a'],
    [
      'one another',
      steps(
        stepOf('a', { dependsOn: ['c'] }),
        stepOf('b', { dependsOn: ['a'] }),
        stepOf('c', { dependsOn: ['x', 'b'] }),
        stepOf('x'),
      ),
      '/steps/0/dependsOn/0',
      'a → b → c → a',
    ],
    [
      'a decision that leads back',
      steps(stepOf('a'), stepOf('b', { dependsOn: ['a'], on: [{ exitCode: 'AGAIN', to: { step: 'a' } }] })),
      '/steps/1/on/0',
      'a → b → a',
    ],
  ])('do not wait for %s: the circle is named', (_name, definition, pointer, path) => {
    expect(pointers(definition)).toEqual([pointer]);
    expect(details(definition)).toContain(path);
  });

  it('may form several circles: each is told', () => {
    const pair = (one: string, other: string) => [
      stepOf(one, { dependsOn: [other] }),
      stepOf(other, { dependsOn: [one] }),
    ];
    const definition = steps(...pair('a', 'b'), ...pair('c', 'd'));
    expect(pointers(definition)).toEqual(['/steps/0/dependsOn/0', '/steps/2/dependsOn/0']);
  });

  it('may be thousands; a long circle is told in short', () => {
    const names = Array.from({ length: 10_000 }, (_each, index) => `n${index}`);
    const ring = names.map((name, index) => stepOf(name, { dependsOn: [names.at(index - 1) as string] }));
    const text = details(steps(...ring));
    expect(text).toContain('n0 → n1 → ');
    expect(text.length).toBeLessThan(300);
  });
});

describe('numbers', () => {
  test.each([
    [{ maxConcurrent: 0 }, '/maxConcurrent'],
    [{ maxConcurrent: 1.5 }, '/maxConcurrent'],
    [{ maxRunning: 0 }, '/maxRunning'],
    [{ maxRunning: 2.5 }, '/maxRunning'],
    [{ maxRunning: 10_001 }, '/maxRunning'],
    [{ maxTakeovers: -1 }, '/maxTakeovers'],
    [{ timeoutSeconds: 0 }, '/timeout'],
    [{ timeoutSeconds: Number.NaN }, '/timeout'],
    [{ timeoutSeconds: 1e9 }, '/timeout'],
  ] as const)('of the job: %j', (more, pointer) => {
    expect(pointers(jobOf([stepOf('a')], more))).toEqual([pointer]);
  });

  const retry = { maxRetries: 0, delaySeconds: 1, backoff: 'fixed' } as const;
  test.each([
    [{ retry: { ...retry, maxRetries: -1 } }, '/steps/0/maxRetries'],
    [{ retry: { ...retry, maxRetries: Number.POSITIVE_INFINITY } }, '/steps/0/maxRetries'],
    [{ retry: { ...retry, delaySeconds: -0.1 } }, '/steps/0/retryDelay'],
    [{ timeoutSeconds: -5 }, '/steps/0/timeout'],
    [{ startLimit: 0 }, '/steps/0/startLimit'],
  ] as const)('of a step: %j', (more, pointer) => {
    expect(pointers(steps(stepOf('a', more)))).toEqual([pointer]);
  });

  it('in range are none', () => {
    const step = stepOf('a', { retry: { ...retry, delaySeconds: 0 }, timeoutSeconds: 0.5, startLimit: 1 });
    expect(
      checkJobDefinition(jobOf([step], { maxConcurrent: 1, maxRunning: 1, maxTakeovers: 0, timeoutSeconds: 60 })),
    ).toEqual([]);
  });
});

describe('the queue', () => {
  test.each(['', 'all', 'e t l', 'étl', 'a/b', 'a:b', 'x'.repeat(61)])('is not called %j', (queue) => {
    expect(pointers(jobOf([stepOf('a')], { queue }))).toEqual(['/queue']);
  });

  test.each(['default', 'etl', '-', 'All', 'nightly.eu_west-1', 'x'.repeat(60)])('may be called %j', (queue) => {
    expect(checkJobDefinition(jobOf([stepOf('a')], { queue }))).toEqual([]);
  });
});

describe('the bond with a workflow', () => {
  it('may hold parameters that are sure to have a value', () => {
    const region = parameter({ required: true });
    const kind = parameter({ default: 'full' });
    const chunk = parameter({ identifying: false });
    expect(checkJobDefinition(bound('orders-{{ region }}-{{kind}}', { region, kind, chunk }))).toEqual([]);
  });

  it.each([
    ['of a parameter that is not declared', bound('orders-{{region}}'), ['/workflow']],
    ['of a parameter that may be missing', bound('orders-{{region}}', { region: parameter() }), ['/parameters/region']],
    [
      'of a parameter that does not identify',
      bound('orders-{{region}}', { region: parameter({ required: true, identifying: false }) }),
      ['/parameters/region'],
    ],
    ['that is no name', bound('orders {{region', {}), ['/workflow']],
    ['that is empty', bound(''), ['/workflow']],
    ['to no job', bound('orders', {}, []), ['/jobs']],
    ['to a job twice', bound('orders', {}, ['a', 'a', '']), ['/jobs/1', '/jobs/2']],
    [
      'beside another identifying parameter',
      bound('orders', { region: parameter({ required: true }) }),
      ['/parameters/region'],
    ],
    [
      'beside a parameter that the window gives',
      bound('orders', { from_date: parameter(), to_date: parameter({ identifying: false }) }),
      ['/parameters/from_date', '/parameters/to_date'],
    ],
    [
      'with a new instance for each launch',
      { ...bound('orders'), newInstancePerLaunch: true },
      ['/newInstancePerLaunch'],
    ],
  ])('%s is refused', (_name, definition, expected) => {
    expect(pointers(definition)).toEqual(expected);
  });

  it('lets no step take what only a launch could give that is not declared: it would identify', () => {
    const taking = (kind: 'shell' | 'task', ...templateNames: string[]): JobDefinition => ({
      ...bound('orders', { mode: parameter({ identifying: false }) }),
      steps: [stepOf('a', { kind: 'shell' }), stepOf('b', { kind, templateNames })],
    });
    expect(pointers(taking('shell', 'mode', 'from_date', 'to_date', 'batch_id'))).toEqual([]);
    expect(pointers(taking('shell', 'region', 'mode', 'constructor'))).toEqual(['/steps/1', '/steps/1']);
    expect(details(taking('shell', 'region'))).toContain('step "b" takes {{region}}');
    // A step with code of its own may put it into the context; and of other jobs everything may identify.
    expect(pointers(taking('task', 'region'))).toEqual([]);
    expect(pointers({ ...taking('shell', 'region'), bond: null })).toEqual([]);
  });

  it('knows names that objects have of their own', () => {
    expect(pointers(bound('orders-{{__proto__}}'))).toEqual(['/workflow']);
    expect(pointers(bound('orders-{{constructor}}'))).toEqual(['/workflow']);
  });
});

it('run_id is given where each launch has an instance', () => {
  const parameters = new Map([['run_id', parameter()]]);
  expect(pointers(jobOf([stepOf('a')], { parameters, newInstancePerLaunch: true }))).toEqual(['/parameters/run_id']);
  expect(pointers(jobOf([stepOf('a')], { parameters }))).toEqual([]);
});

it('all problems are told at once', () => {
  const definition = jobOf([stepOf('a:b', { dependsOn: ['c'] }), stepOf('d', { startLimit: 0 })], {
    name: '',
    maxConcurrent: 0,
  });
  expect(pointers(definition)).toEqual([
    '/name',
    '/maxConcurrent',
    '/steps/0/name',
    '/steps/0/dependsOn/0',
    '/steps/1/startLimit',
  ]);
});

describe('several definitions', () => {
  const job = (name: string, workflow: string | null, jobs: string[] | null = null): JobDefinition => {
    const bond: WorkflowBond | null = workflow === null ? null : { workflow, jobs };
    return jobOf([stepOf('a')], { name, bond });
  };
  const conflicts = (...definitions: JobDefinition[]): [number, number, string][] =>
    checkJobs(definitions).map(({ first, second, place }) => [first, second, place.pointer]);

  it('have different names', () => {
    expect(conflicts(job('a', null), job('__proto__', null), job('a', null), job('a', null))).toEqual([
      [0, 2, '/name'],
      [0, 3, '/name'],
    ]);
  });

  test.each([
    ['all of one workflow', job('x', 'orders'), job('y', 'orders'), true],
    ['a job of it and all', job('x', 'orders', ['a']), job('y', 'orders'), true],
    ['the same job', job('x', 'orders', ['a', 'b']), job('y', 'orders', ['b', 'c']), true],
    ['other jobs', job('x', 'orders', ['a']), job('y', 'orders', ['b']), false],
    ['other workflows', job('x', 'orders'), job('y', 'customers'), false],
    ['workflows that differ in the parameter only', job('x', 'orders-{{r}}'), job('y', 'orders-{{region}}'), true],
    ['a workflow and a case of it', job('x', 'orders-eu'), job('y', 'orders-{{region}}'), true],
    ['a workflow and none of its cases', job('x', 'order-eu'), job('y', 'orders-{{region}}'), false],
    ['none', job('x', null), job('y', null), false],
  ])('that load %s', (_name, one, other, clash) => {
    expect(conflicts(one, job('z', null), other)).toEqual(clash ? [[0, 2, '/workflow']] : []);
  });

  it('of one name are no rivals besides', () => {
    expect(conflicts(job('x', 'orders'), job('x', 'orders'))).toEqual([[0, 1, '/name']]);
  });
});
