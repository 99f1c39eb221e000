import { BatchyError } from './errors.ts';
import { type Flow, type FlowInput, type FlowScope, type Provision, taskAt, taskIndex } from './flow.ts';
import { listFault } from './flow-requirements.ts';
import type { Attempt, FlowState } from './flow-state.ts';
import { isJsonObject, type Json, stringifyJson } from './json.ts';
import { quoteBriefly } from './names.ts';
import { plainValue } from './parameter-value.ts';

type Known = Pick<FlowState, 'store' | 'tasks' | 'attempts'>;

/**
 * The arguments of a task, by name: integers beyond 2^53 as bigint, as a step's parameters are. One that has a default is left out where there is no value for it.
 * @throws BatchyError `invalid-parameters` where a value is missing although what should provide it has succeeded
 */
export function argumentsOf(flow: Flow, state: Known, task: string): Record<string, unknown> {
  const index = taskIndex(flow, task);
  if (index === undefined) throw new RangeError(`the flow has no task ${task}`);
  const { inputs, inject } = taskAt(flow, index);
  const given = inputs.flatMap((input): [string, unknown][] => {
    const value = findValue(flow, state, input);
    // What was posted is kept as it was written; code takes plain numbers.
    if (value !== undefined) return [[input.argument, plainValue(value, 'json')]];
    if (input.optional) return [];
    throw new BatchyError(
      'invalid-parameters',
      `The task ${quoteBriefly(task)} requires ${quoteBriefly(input.value)}, but ${whyMissing(flow, state, input)}. Mend what provides it, or post a store that has it.`,
    );
  });
  return Object.fromEntries([...given, ...Object.entries(inject)]);
}

function whyMissing(flow: Flow, state: Known, { provider }: FlowInput): string {
  const node = provider === null ? undefined : flow.nodes[provider];
  if (node === undefined) return 'nobody provides it and the posted store does not have it';
  const list = node.kind === 'task' ? null : node.values;
  if (list === null) return `${quoteBriefly(node.name)} should have provided it and did not`;
  const found = findValue(flow, state, list);
  const giver = list.provider === null || state.store.has(list.value) ? undefined : flow.nodes[list.provider]?.name;
  const source = giver === undefined ? 'which was posted' : `provided by ${quoteBriefly(giver)}`;
  const fault = found === undefined ? 'is not there' : (listFault(found) ?? 'has no value that was not tried yet');
  return `${quoteBriefly(node.name)} has no value to try: the list ${quoteBriefly(list.value)}, ${source}, ${fault}`;
}

/**
 * The value of the next attempt at a scope; `undefined` where there is none. As in TaskFlow, it is the first that no attempt has
 * had yet, so that values may be added while a flow waits to be resumed.
 */
export function nextAttemptValue(flow: Flow, state: Known, scope: FlowScope): Json | undefined {
  const used = new Map<string, number>();
  for (const { value } of attemptsAt(state, scope)) {
    if (value === undefined) continue;
    const text = stringifyJson(value);
    used.set(text, (used.get(text) ?? 0) + 1);
  }
  return controllerValues(flow, state, scope).find((value) => {
    const text = stringifyJson(value);
    const times = used.get(text) ?? 0;
    used.set(text, times - 1);
    return times <= 0;
  });
}

/** The attempts at a scope so far. */
export function attemptsAt(state: Pick<FlowState, 'attempts'>, scope: FlowScope): readonly Attempt[] {
  return state.attempts.get(scope.name) ?? [];
}

function controllerValues(flow: Flow, state: Known, { retry, values }: FlowScope): readonly Json[] {
  if (retry?.kind === 'forEach') return retry.values;
  const found = values === null ? undefined : findValue(flow, state, values);
  return Array.isArray(found) ? (found as readonly Json[]) : [];
}

/** What was posted holds, whoever else provides the same. */
function findValue(flow: Flow, state: Known, { value, provider }: FlowInput): Json | undefined {
  const posted = state.store.get(value);
  if (posted !== undefined || provider === null) return posted;
  const node = flow.nodes[provider];
  if (node === undefined) return undefined;
  if (node.kind !== 'task') return attemptsAt(state, node).at(-1)?.value;
  const task = state.tasks.get(node.name);
  return task?.status === 'SUCCESS' ? part(task.result, node.provides, value) : undefined;
}

function part(result: Json, provides: Provision, name: string): Json | undefined {
  if (provides.kind === 'whole') return result;
  if (provides.kind === 'positions')
    return Array.isArray(result) ? (result as readonly Json[])[provides.names.indexOf(name)] : undefined;
  if (provides.kind === 'nothing' || !isJsonObject(result)) return undefined;
  const key = Object.keys(provides.names).find((candidate) => provides.names[candidate] === name);
  return key === undefined || !Object.hasOwn(result, key) ? undefined : result[key];
}
