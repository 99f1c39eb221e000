import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { buildGraph, type Decision, type Graph, type GraphState, type NodeOutcome } from '../../src/domain/graph.ts';
import { createGraphRun, next } from '../../src/domain/graph-run.ts';
import type { StepDecision, StepDefinition } from '../../src/domain/job.ts';
import { jobOf, stepOf } from './job-of.ts';

const ok: NodeOutcome = { status: 'completed', exitCode: 'COMPLETED' };
const bad: NodeOutcome = { status: 'failed', exitCode: 'FAILED' };
const exit = (exitCode: string): NodeOutcome => ({ status: 'completed', exitCode });
const to = (exitCode: string, step: string): StepDecision => ({ exitCode, to: { step } });
const graphOf = (steps: readonly StepDefinition[], onFailure: 'stop' | 'continue'): Graph =>
  buildGraph(jobOf(steps, { onFailure }));

/** A random graph without circles: edges lead from earlier to later. */
const randomSteps = fc
  .array(fc.record({ parents: fc.array(fc.nat(), { maxLength: 4 }), decides: fc.array(fc.nat(), { maxLength: 2 }) }), {
    minLength: 1,
    maxLength: 30,
  })
  .map((drawn) =>
    drawn.map(({ parents, decides }, index) =>
      stepOf(`n${index}`, {
        dependsOn: index === 0 ? [] : parents.map((parent) => `n${parent % index}`),
        on:
          index === drawn.length - 1
            ? []
            : decides.map((target, place) => to(`GO${place}`, `n${index + 1 + (target % (drawn.length - index - 1))}`)),
      }),
    ),
  );
const outcome = fc.constantFrom<NodeOutcome>(ok, ok, ok, bad, exit('GO0'), exit('GO1'), { ...bad, exitCode: 'GO0' });

/** Runs to the end, in an order that `choices` picks, and tells each step of the way. */
function runAtRandom(
  graph: Graph,
  outcomes: readonly NodeOutcome[],
  choices: readonly number[],
  look: (decision: Decision, state: GraphState) => void = () => undefined,
) {
  const run = createGraphRun(graph);
  const nodes = new Map<string, NodeOutcome | 'running'>();
  const started: string[] = [];
  const isRunning = (): string[] => [...nodes].flatMap(([name, record]) => (record === 'running' ? [name] : []));
  for (let step = 0; ; step += 1) {
    const decision = run.next();
    look(decision, { nodes, stopping: false });
    if (decision.kind === 'finish') return { started, nodes, finish: decision, run };
    const choice = choices[step % choices.length] ?? 0;
    const running = isRunning();
    if (decision.kind === 'run' && (running.length === 0 || choice % 2 === 0)) {
      const name = decision.names[choice % decision.names.length] as string;
      run.start(name);
      nodes.set(name, 'running');
      started.push(name);
    } else {
      const name = running[choice % running.length] as string;
      const ended = outcomes[(graph.indexOf.get(name) as number) % outcomes.length] as NodeOutcome;
      run.end(name, ended);
      nodes.set(name, ended);
    }
  }
}

const random = { outcomes: fc.array(outcome, { minLength: 1 }), choices: fc.array(fc.nat(), { minLength: 1 }) };

describe('whatever the graph', () => {
  it('runs each node whose parents completed once, and never one whose parent did not', () => {
    const failing = fc.array(fc.constantFrom(ok, ok, bad), { minLength: 1 });
    fc.assert(
      fc.property(randomSteps, failing, random.choices, (drawn, outcomes, choices) => {
        const steps = drawn.map((step) => ({ ...step, on: [] }));
        const { started, nodes } = runAtRandom(graphOf(steps, 'continue'), outcomes, choices);
        const completed = (name: string): boolean => nodes.get(name) === ok;
        const due = steps.filter(({ dependsOn }) => dependsOn.every(completed)).map(({ name }) => name);
        expect(started.toSorted()).toEqual(due.toSorted());
      }),
    );
  });

  it('asks the stored state and gets the answer of the run in memory', () => {
    fc.assert(
      fc.property(
        randomSteps,
        fc.constantFrom('stop' as const, 'continue' as const),
        random.outcomes,
        random.choices,
        (steps, onFailure, outcomes, choices) => {
          const graph = graphOf(steps, onFailure);
          runAtRandom(graph, outcomes, choices, (decision, state) => {
            expect(next(graph, state)).toEqual(decision);
          });
        },
      ),
    );
  });

  it('ends alike in whatever order branches end, where failures stop none', () => {
    fc.assert(
      fc.property(
        randomSteps,
        random.outcomes,
        random.choices,
        random.choices,
        (steps, outcomes, choices, otherChoices) => {
          const graph = graphOf(steps, 'continue');
          const one = runAtRandom(graph, outcomes, choices);
          const other = runAtRandom(graph, outcomes, otherChoices);
          expect(other.finish).toEqual(one.finish);
          expect(other.started.toSorted()).toEqual(one.started.toSorted());
          const names = steps.map(({ name }) => name);
          expect(names.map((name) => other.run.stateOf(name))).toEqual(names.map((name) => one.run.stateOf(name)));
        },
      ),
    );
  });

  it('leaves nothing pending when it completes', () => {
    fc.assert(
      fc.property(randomSteps, random.outcomes, random.choices, (steps, outcomes, choices) => {
        const { finish, run } = runAtRandom(graphOf(steps, 'continue'), outcomes, choices);
        const states = steps.map(({ name }) => run.stateOf(name));
        expect(states).not.toContain('pending');
        expect(finish.status === 'FAILED').toBe(finish.failed.length > 0);
      }),
    );
  });
});
