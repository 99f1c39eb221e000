import type { Json } from './json.ts';

/**
 * A reversible flow, compiled flat: tasks and the scopes that hold them (a flow within a flow is a scope), all plain data. A node
 * stands in the list before whatever it holds, so that the inside of a scope is one stretch of the list: from the node after it up
 * to its `end`. Immutable; one flow serves any number of runs.
 */
export interface Flow {
  /** Of the outermost scope, node 0. */
  readonly name: string;
  readonly nodes: readonly FlowNode[];
  /** Names of tasks and scopes together. */
  readonly indexOf: ReadonlyMap<string, number>;
}

export type FlowNode = FlowTask | FlowScope;

interface PlacedNode {
  readonly name: string;
  /** The scope that it stands in; `null` for the outermost. */
  readonly scope: number | null;
  /** What must be done before it: nodes of the same scope, tasks or whole scopes. */
  readonly parents: readonly number[];
  /** What waits for it: nodes of the same scope. */
  readonly followers: readonly number[];
  /** The nearest scope around it that has a retry controller; `null` where there is none. */
  readonly controller: number | null;
}

export interface FlowTask extends PlacedNode {
  readonly kind: 'task';
  readonly inputs: readonly FlowInput[];
  /** Arguments whose values are known already. They are never stored, so they need not be JSON. */
  readonly inject: Readonly<Record<string, unknown>>;
  readonly provides: Provision;
  readonly hasRevert: boolean;
  /** A scope around it, be it near or far, is unordered: a failure elsewhere does not hold it back once it is ready. */
  readonly inUnordered: boolean;
}

export interface FlowScope extends PlacedNode {
  readonly kind: ScopeKind;
  readonly retry: RetryController | null;
  /** Where a `parameterizedForEach` has its values from. */
  readonly values: FlowInput | null;
  /** The index behind the last node inside. */
  readonly end: number;
  /** How many nodes stand directly in it. */
  readonly size: number;
  /** Those of them that wait for no other. */
  readonly roots: readonly number[];
}

/** In the order in which tasks were added; in none; or as what they require and provide says. */
export const scopeKinds = ['linear', 'unordered', 'graph'] as const;
export type ScopeKind = (typeof scopeKinds)[number];

/** One argument of a task. */
export interface FlowInput {
  readonly argument: string;
  /** The value it takes, by name: of the posted store, else of `provider`. */
  readonly value: string;
  /** The argument has a default. */
  readonly optional: boolean;
  /** A task, or the scope whose controller gives a value to each attempt; `null`: only the store can have it. */
  readonly provider: number | null;
}

/** Under which names the result of a task can be had: as a whole, by position in a list, or by key of an object (key to name). */
export type Provision =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'whole'; readonly name: string }
  | { readonly kind: 'positions'; readonly names: readonly string[] }
  | { readonly kind: 'keys'; readonly names: Readonly<Record<string, string>> };

/** What becomes of a scope in which something failed. The names and their meaning: OpenStack TaskFlow's `taskflow.retry`. */
export type RetryController =
  /** That many attempts in all. */
  | { readonly kind: 'times'; readonly attempts: number }
  /** An attempt for each value, which the tasks of the scope can have under the name `provides`. */
  | { readonly kind: 'forEach'; readonly values: readonly Json[]; readonly provides: string }
  /** The same; the values are those of a list that the store or an earlier task has. */
  | { readonly kind: 'parameterizedForEach'; readonly parameter: string; readonly provides: string }
  | { readonly kind: 'alwaysRevert' }
  | { readonly kind: 'alwaysRevertAll' };

/** A flow as it is written down: a tree. `compileFlow` makes a `Flow` of it. */
export interface ScopeDeclaration {
  readonly kind: ScopeKind;
  readonly name: string;
  readonly retry: RetryController | null;
  readonly children: readonly (ScopeDeclaration | TaskDeclaration)[];
}

export interface TaskDeclaration extends Pick<FlowTask, 'kind' | 'name' | 'inject' | 'provides' | 'hasRevert'> {
  readonly inputs: readonly Omit<FlowInput, 'provider'>[];
}

/** The names that a result can be had under. */
export function providedNames(provides: Provision): readonly string[] {
  if (provides.kind === 'nothing') return [];
  if (provides.kind === 'whole') return [provides.name];
  return provides.kind === 'positions' ? provides.names : Object.values(provides.names);
}

/** The name under which a controller gives each attempt its value; `null` where it has none to give. */
export function providedByController(retry: RetryController | null): string | null {
  return retry !== null && 'provides' in retry ? retry.provides : null;
}

/** The index of a task by its name; `undefined` where the flow has none, or has a scope of that name. */
export function taskIndex(flow: Flow, name: string): number | undefined {
  const index = flow.indexOf.get(name);
  return index !== undefined && flow.nodes[index]?.kind === 'task' ? index : undefined;
}

/** The scope of that index. */
export function scopeAt(flow: Flow, index: number): FlowScope {
  const node = flow.nodes[index];
  if (node === undefined || node.kind === 'task') throw new RangeError(`node ${index} is no scope`);
  return node;
}

/** The task of that index. */
export function taskAt(flow: Flow, index: number): FlowTask {
  const node = flow.nodes[index];
  if (node === undefined || node.kind !== 'task') throw new RangeError(`node ${index} is no task`);
  return node;
}

/** The tasks of a scope and of those in it, by index. */
export function tasksInside(flow: Flow, scope: string): number[] {
  const first = flow.indexOf.get(scope) as number;
  const { end } = scopeAt(flow, first);
  const inside = Array.from({ length: end - first }, (_each, place) => first + place);
  return inside.filter((index) => flow.nodes[index]?.kind === 'task');
}
