import { expect } from 'vitest';

import type {
  Flow,
  FlowInput,
  Provision,
  RetryController,
  ScopeDeclaration,
  ScopeKind,
  TaskDeclaration,
} from '../../src/domain/flow.ts';
import { compileFlow } from '../../src/domain/flow-compile.ts';
import type { FlowEvent, FlowFinish } from '../../src/domain/flow-event.ts';
import { createFlowRun, nextOfFlow } from '../../src/domain/flow-run.ts';
import { type FlowState, newFlowState, reconcile } from '../../src/domain/flow-state.ts';
import { argumentsOf } from '../../src/domain/flow-values.ts';
import type { Json } from '../../src/domain/json.ts';

export type Declaration = ScopeDeclaration | TaskDeclaration;

interface TaskChoices {
  readonly requires?: readonly string[];
  readonly optional?: readonly string[];
  readonly provides?: string | Provision;
  readonly inject?: Readonly<Record<string, unknown>>;
  readonly hasRevert?: boolean;
}

export function taskOf(name: string, choices: TaskChoices = {}): TaskDeclaration {
  const { requires = [], optional = [], provides = { kind: 'nothing' }, inject = {}, hasRevert = true } = choices;
  const input = (value: string, isOptional: boolean): Omit<FlowInput, 'provider'> => ({
    argument: value,
    value,
    optional: isOptional,
  });
  return {
    kind: 'task',
    name,
    inputs: [...requires.map((value) => input(value, false)), ...optional.map((value) => input(value, true))],
    provides: typeof provides === 'string' ? { kind: 'whole', name: provides } : provides,
    inject,
    hasRevert,
  };
}

/** Texts are tasks that need nothing. */
export function scopeOf(
  kind: ScopeKind,
  name: string,
  children: readonly (Declaration | string)[],
  retry: RetryController | null = null,
): ScopeDeclaration {
  return { kind, name, retry, children: children.map((each) => (typeof each === 'string' ? taskOf(each) : each)) };
}

export function linear(
  name: string,
  children: readonly (Declaration | string)[],
  retry: RetryController | null = null,
): ScopeDeclaration {
  return scopeOf('linear', name, children, retry);
}

export function times(attempts: number): RetryController {
  return { kind: 'times', attempts };
}

export function flowOf(declaration: ScopeDeclaration): Flow {
  const { flow, problems } = compileFlow(declaration);
  expect(problems).toEqual([]);
  return flow;
}

/** What happens outside: which executions and reverts throw. */
export interface Script {
  /** @param count how many executions of the task came to an end before */
  readonly fails?: (task: string, count: number, values: Readonly<Record<string, unknown>>) => boolean;
  readonly revertFails?: (task: string) => boolean;
  /** What an execution gives back; the name of the task if not said. */
  readonly result?: (task: string) => Json;
}

/** The first so many executions of a task fail, of others none. */
export function failing(times: Readonly<Record<string, number>>): Script {
  return { fails: (task, count) => count < (times[task] ?? 0) };
}

export interface Simulation {
  /** `ax`: execution of a begins, `ar`: its revert begins. */
  readonly log: readonly string[];
  readonly events: readonly FlowEvent[];
  readonly finish: FlowFinish;
  readonly state: FlowState;
  /** The one that it ended with. */
  readonly flow: Flow;
}

export interface SimulationOptions {
  readonly store?: ReadonlyMap<string, Json>;
  /** Begins with this, as somebody who goes on. */
  readonly state?: FlowState;
  /** The runner dies behind these events (0: before the first), and another goes on with what was stored. */
  readonly crashes?: ReadonlySet<number>;
  /** What is done where several things are possible; the first of them if not said. */
  readonly choices?: readonly number[];
  /** With which flow whoever goes on does so. */
  readonly laterFlow?: Flow;
  readonly capacity?: number;
  /** Told of each event, with the state behind it. */
  readonly watch?: (event: FlowEvent, state: FlowState) => void;
}

/** Runs a flow to its end without any clock, and holds the pure function against the run in memory on the way. */
export function simulate(flow: Flow, script: Script = {}, options: SimulationOptions = {}): Simulation {
  const { crashes = new Set(), choices = [0], capacity, laterFlow = flow } = options;
  let used = options.state === undefined ? flow : laterFlow;
  let run = createFlowRun(used, options.state === undefined ? newFlowState(options.store ?? new Map()) : resumed());
  const events: FlowEvent[] = [];
  const log: string[] = [];
  const ended = new Map<string, number>();
  /** What somebody works on: an execution or a revert. */
  let working: { task: string; isRevert: boolean }[] = [];

  for (let step = 0; step < 200_000; step += 1) {
    if (crashes.has(step)) {
      used = laterFlow;
      run = createFlowRun(used, reconcile(used, structuredClone(run.state)));
      working = [];
    }
    const decision = run.next(capacity);
    if (used.nodes.length < 50) expect(nextOfFlow(used, run.state, capacity)).toEqual(decision);
    if (decision.kind === 'finish') return { log, events, finish: decision, state: run.state, flow: used };
    apply(eventAfter(decision, choices[step % choices.length] ?? 0));
  }
  return expect.fail(`it does not end: ${log.slice(0, 100).join(' ')}`);

  function resumed(): FlowState {
    return reconcile(laterFlow, structuredClone(options.state as FlowState));
  }

  function eventAfter(decision: ReturnType<typeof nextOfFlow>, choice: number): FlowEvent {
    if (decision.kind === 'decide') return { kind: 'decided' };
    const beginnings = 'names' in decision ? decision.names : [];
    const possible = beginnings.length + working.length;
    if (possible === 0) return expect.fail('nothing runs that it could wait for');
    const place = choice % possible;
    const begun = beginnings[place];
    if (begun !== undefined) return { kind: decision.kind === 'run' ? 'started' : 'revert-started', task: begun };
    const [{ task, isRevert }] = working.splice(place - beginnings.length, 1) as [(typeof working)[number]];
    const error = { name: 'Error', message: `${task} failed` };
    if (isRevert)
      return script.revertFails?.(task) === true ? { kind: 'revert-failed', task, error } : { kind: 'reverted', task };
    const count = ended.get(task) ?? 0;
    ended.set(task, count + 1);
    const values = argumentsOf(used, run.state, task);
    return script.fails?.(task, count, values) === true
      ? { kind: 'failed', task, error }
      : { kind: 'succeeded', task, result: script.result === undefined ? task : script.result(task) };
  }

  function apply(event: FlowEvent): void {
    run.apply(event);
    events.push(event);
    options.watch?.(event, run.state);
    if (event.kind !== 'started' && event.kind !== 'revert-started') return;
    const isRevert = event.kind === 'revert-started';
    working.push({ task: event.task, isRevert });
    log.push(`${event.task}${isRevert ? 'r' : 'x'}`);
  }
}

export function statusesOf(flow: Flow, { tasks }: FlowState): Record<string, string> {
  const names = flow.nodes.filter(({ kind }) => kind === 'task').map(({ name }) => name);
  return Object.fromEntries(names.map((name) => [name, tasks.get(name)?.status ?? 'PENDING']));
}
