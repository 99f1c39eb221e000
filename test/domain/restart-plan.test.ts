import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import { beginningOf, encodePlace } from '../../src/domain/chunk-place.ts';
import { buildGraph } from '../../src/domain/graph.ts';
import { createGraphRun, next } from '../../src/domain/graph-run.ts';
import type { JobDefinition, StepDefinition } from '../../src/domain/job.ts';
import type { Json } from '../../src/domain/json.ts';
import { planRestart, type RestartPlanInput } from '../../src/domain/restart-plan.ts';
import { type RanStep, ranSteps } from './instance-of.ts';
import { jobOf, stepOf } from './job-of.ts';

const inOrder = (...steps: StepDefinition[]): JobDefinition =>
  jobOf(steps.map((step, index) => ({ ...step, dependsOn: steps.slice(Math.max(0, index - 1), index).map(named) })));
const named = ({ name }: StepDefinition): string => name;
const three = inOrder(stepOf('a'), stepOf('b'), stepOf('c'));

function plan(definition: JobDefinition, ran: Record<string, RanStep>, more: Partial<RestartPlanInput> = {}) {
  const graph = buildGraph(definition);
  const input = { definition, graph, forced: false, deselected: [], executionId: null, lastCompleted: false };
  const made = planRestart({ ...input, ...ranSteps(ran), ...more });
  return {
    ...made,
    actions: made.steps.map(({ stepName, action }) => `${stepName} ${action}`),
    whys: made.steps.map(({ why }) => why),
    next: next(graph, made.state),
  };
}
const completed: RanStep = { status: 'COMPLETED' };
const failed: RanStep = { status: 'FAILED' };

describe('a restart', () => {
  it('of nothing runs everything', () => {
    expect(plan(three, {}).actions).toEqual(['a run', 'b run', 'c run']);
  });

  it('skips what is completed and runs the rest', () => {
    const made = plan(three, { a: completed, b: failed });
    expect(made.actions).toEqual(['a skip', 'b run', 'c run']);
    expect(made.whys).toEqual(['it was completed in execution 1', 'it is FAILED in execution 1', 'it has not run yet']);
    expect(made.next).toEqual({ kind: 'run', names: ['b'] });
    expect(made.isComplete).toBe(false);
  });

  it.each(['STARTED', 'STOPPED', 'UNKNOWN', 'ABANDONED'] as const)('runs a step that is %s', (status) => {
    expect(plan(three, { a: { status } }).actions[0]).toBe('a run');
  });

  it('goes by the latest step execution, whichever execution it is of (acceptance 13)', () => {
    const made = plan(three, {
      a: { ...completed, executionId: 2 },
      b: { ...failed, executionId: 2 },
      c: completed,
    });
    expect(made.actions).toEqual(['a skip', 'b run', 'c skip']);
  });

  it('finds nothing to do where all is completed', () => {
    const made = plan(three, { a: completed, b: completed, c: completed });
    expect(made.isComplete).toBe(true);
    expect(made.next).toMatchObject({ kind: 'finish', status: 'COMPLETED' });
  });

  it('that is forced runs everything from the beginning', () => {
    const definition = inOrder(stepOf('a'), stepOf('b', { kind: 'chunk' }));
    const made = plan(definition, { a: completed, b: { ...failed, checkpoint: 20 } }, { forced: true });
    expect(made.actions).toEqual(['a run', 'b run']);
    expect(made.isComplete).toBe(false);
  });

  it('leaves out what its launch does, whatever became of it before', () => {
    const made = plan(three, { a: failed }, { deselected: ['a', 'c'] });
    expect(made.actions).toEqual(['a skip', 'b run', 'c skip']);
    expect(made.whys[0]).toBe('the launch leaves it out');
    expect(made.next).toEqual({ kind: 'run', names: ['b'] });
    expect(plan(three, { b: completed }, { deselected: ['a', 'c'] }).isComplete).toBe(true);
    expect(plan(three, {}, { deselected: ['a', 'c'] }).isComplete).toBe(false);
  });

  it('does not trip over the names of steps', () => {
    const definition = inOrder(stepOf('constructor'), stepOf('toString'));
    expect(plan(definition, { constructor: completed }).actions).toEqual(['constructor skip', 'toString run']);
  });
});

describe('a chunk step', () => {
  const load = inOrder(stepOf('load', { kind: 'chunk' }));

  it('goes on at its checkpoint', () => {
    const [step] = plan(load, { load: { ...failed, checkpoint: { line: 20 } } }).steps;
    expect(step).toMatchObject({ action: 'resume', checkpoint: { line: 20 } });
  });

  it('says so where it cannot read its checkpoint: it would fail', () => {
    const place = { ...(encodePlace(beginningOf(1, 'stamp', 10)) as object) };
    const why = (checkpoint: Json) => plan(load, { load: { ...failed, checkpoint } }).whys[0];
    expect(why(place)).toBe('it is FAILED in execution 1; it goes on behind its last committed chunk');
    expect(why({ ...place, origin: 1 })).toContain('was written by another version of Batchy');
    expect(why({ ...place, origin: 1 })).toContain('force=true');
  });

  it('without one begins anew', () => {
    expect(plan(load, { load: failed }).steps[0]).toMatchObject({ action: 'run', checkpoint: null });
  });

  it('does not go on at the checkpoint of an older step execution', () => {
    const ran = ranSteps({ load: { ...failed, checkpoint: 20 } });
    const steps = new Map([['load', { stepExecutionId: 99, executionId: 2, status: 'FAILED' as const, starts: 2 }]]);
    expect(plan(load, {}, { ...ran, steps }).steps[0]).toMatchObject({ action: 'run', checkpoint: null });
  });
});

it('a partitioned step keeps its completed partitions', () => {
  const made = plan(inOrder(stepOf('p', { kind: 'partition' })), { p: failed, 'p:partition1': completed });
  expect(made.steps).toMatchObject([{ stepName: 'p', action: 'resume' }]);
});

describe('allowStartIfComplete', () => {
  const definition = inOrder(stepOf('prepare', { allowStartIfComplete: true }), stepOf('load'));

  it('runs a completed step again in a restart', () => {
    expect(plan(definition, { prepare: completed, load: failed }).actions).toEqual(['prepare run', 'load run']);
  });

  it('makes a complete instance no less complete', () => {
    expect(plan(definition, { prepare: completed, load: completed }).isComplete).toBe(true);
  });
});

describe('startLimit', () => {
  const definition = inOrder(stepOf('a', { startLimit: 2 }), stepOf('b'));

  test.each([
    [{ ...failed, starts: 1 }, {}, false],
    [{ ...failed, starts: 2 }, {}, true],
    [{ ...failed, starts: 2 }, { forced: true }, false],
    [{ ...failed, starts: 2 }, { executionId: 9 }, true],
    [{ status: 'STARTED', starts: 2 }, { executionId: 1 }, false],
    [{ ...completed, starts: 2 }, {}, false],
  ] as [RanStep, Partial<RestartPlanInput>, boolean][])('of 2 after %j (%j): %s', (ran, more, overLimit) => {
    expect(plan(definition, { a: ran }, more).steps[0]?.overLimit).toBe(overLimit);
  });
});

describe('decisions', () => {
  const definition = jobOf([
    stepOf('measure', {
      on: [
        { exitCode: 'BIG', to: { step: 'big' } },
        { exitCode: 'EMPTY', to: { end: 'COMPLETED' } },
        { exitCode: 'LATER', to: { end: 'STOPPED' } },
        { exitCode: 'FAILED', to: { step: 'small' } },
      ],
    }),
    stepOf('big'),
    stepOf('small'),
    stepOf('publish', { dependsOn: ['big', 'small'] }),
  ]);

  it('that were taken hold', () => {
    const made = plan(definition, { measure: { ...completed, exitCode: 'BIG' }, big: failed });
    expect(made.actions).toEqual(['measure skip', 'big run', 'small skip', 'publish run']);
    expect(made.next).toEqual({ kind: 'run', names: ['big'] });
  });

  it('leave an instance complete whose other ways were never gone', () => {
    expect(
      plan(definition, { measure: { ...completed, exitCode: 'BIG' }, big: completed, publish: completed }),
    ).toEqual(
      expect.objectContaining({
        isComplete: true,
        actions: ['measure skip', 'big skip', 'small skip', 'publish skip'],
      }),
    );
    const empty = plan(definition, { measure: { ...completed, exitCode: 'EMPTY' } });
    expect(empty.isComplete).toBe(true);
    expect(empty.actions).toEqual(['measure skip', 'big skip', 'small skip', 'publish skip']);
  });

  it('that stopped the execution are asked again, else no restart would get further', () => {
    const made = plan(definition, { measure: { ...completed, exitCode: 'LATER' } });
    expect(made.isComplete).toBe(false);
    expect(made.next).toEqual({ kind: 'run', names: ['measure'] });
    expect(made.whys[0]).toContain('it decides again');
  });

  it('to come make what lies behind them conditional', () => {
    const made = plan(definition, {});
    expect(made.steps.map(({ conditional }) => conditional)).toEqual([false, true, true, true]);
  });

  it('that handled a failure spare it the repetition once the execution has completed', () => {
    const ran = { measure: failed, small: completed, publish: completed };
    expect(plan(definition, ran, { lastCompleted: true }).isComplete).toBe(true);
    expect(plan(definition, ran).next).toEqual({ kind: 'run', names: ['measure'] });
  });
});

describe('going on with an execution whose owner was lost', () => {
  const definition = inOrder(stepOf('a', { allowStartIfComplete: true }), stepOf('b', { kind: 'chunk' }), stepOf('c'));

  it.each([true, false])('keeps what it has done (forced: %s)', (forced) => {
    const made = plan(
      definition,
      {
        a: { ...completed, executionId: 5 },
        b: { status: 'STARTED', executionId: 5, checkpoint: 30 },
        c: { ...completed, executionId: 4 },
      },
      { forced, executionId: 5 },
    );
    expect(made.actions).toEqual(['a skip', 'b resume', forced ? 'c run' : 'c skip']);
    expect(made.steps[1]?.checkpoint).toBe(30);
    expect(made.whys[0]).toBe('it was completed in this execution');
  });

  it('repeats no failure', () => {
    const made = plan(definition, { a: { ...failed, executionId: 5 } }, { executionId: 5 });
    expect(made.next).toMatchObject({ kind: 'finish', status: 'FAILED', failed: ['a'] });
    expect(made.actions).toEqual(['a skip', 'b skip', 'c skip']);
    expect(made.isComplete).toBe(false);
  });

  it('stays stopped where it had stopped', () => {
    const made = plan(definition, { a: { status: 'STOPPED', executionId: 5 } }, { executionId: 5 });
    expect(made.next).toMatchObject({ kind: 'finish', status: 'STOPPED' });
    expect(made.whys.slice(0, 2)).toEqual(['it was stopped in this execution', 'the execution ends before it']);
  });
});

it('restart after restart completes each step once, whatever fails on the way', () => {
  const drawn = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 12 });
  const failures = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      drawn,
      failures,
      fc.constantFrom('stop' as const, 'continue' as const),
      (parents, failing, onFailure) => {
        const steps = parents.map((own, index) =>
          stepOf(`s${index}`, { dependsOn: index === 0 ? [] : own.map((parent) => `s${parent % index}`) }),
        );
        const definition = jobOf(steps, { onFailure });
        const graph = buildGraph(definition);
        const ran: Record<string, RanStep> = {};
        const completions: string[] = [];
        let attempts = 0;
        for (let executionId = 1; !plan(definition, ran).isComplete; executionId += 1) {
          const { state } = plan(definition, ran);
          const run = createGraphRun(graph, state);
          for (let decision = run.next(1); decision.kind === 'run'; decision = run.next(1)) {
            const [name = ''] = decision.names;
            // What fails runs out, so that the restarts come to an end.
            const fails = failing[attempts] ?? false;
            attempts += 1;
            run.start(name);
            run.end(
              name,
              fails ? { status: 'failed', exitCode: 'FAILED' } : { status: 'completed', exitCode: 'COMPLETED' },
            );
            ran[name] = { ...(fails ? failed : completed), executionId };
            if (!fails) completions.push(name);
          }
        }
        expect(completions.toSorted()).toEqual(steps.map(named).toSorted());
      },
    ),
  );
});
