import { BatchyError } from './errors.ts';
import { matchesPattern } from './exit-code-pattern.ts';
import type { JobDefinition } from './job.ts';
import { quoteBriefly } from './names.ts';
import { checkGraph } from './step-check.ts';

/** The steps of a job as nodes that know who follows them. Immutable; one graph serves any number of runs. */
export interface Graph {
  /** In the order of the definition; a node's index is its place here. */
  readonly nodes: readonly GraphNode[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly onFailure: JobDefinition['onFailure'];
}

export interface GraphNode {
  readonly name: string;
  /** How many nodes it depends on. */
  readonly parents: number;
  /** How many nodes may decide that it runs. If there are any, it runs only when one of them does. */
  readonly deciders: number;
  /** The nodes that depend on it. */
  readonly children: readonly number[];
  readonly rules: readonly GraphRule[];
  /** The nodes that its rules name, each once. */
  readonly targets: readonly number[];
}

/** The first whose pattern fits the exit code decides. */
export interface GraphRule {
  readonly pattern: string;
  readonly to: RuleTarget;
}

export type EndStatus = 'COMPLETED' | 'FAILED' | 'STOPPED';
export type RuleTarget =
  | { readonly kind: 'node'; readonly index: number }
  | { readonly kind: 'end'; readonly status: EndStatus };

/** How a node ended. An exit code is free text; by default it is the status. */
export interface NodeOutcome {
  readonly status: 'completed' | 'failed' | 'stopped';
  readonly exitCode: string;
}

/**
 * What is stored of a run: the nodes that were started, and those that a launch left out; all others follow from them. Names that the graph does not know are not
 * looked at, since a definition may have changed in between.
 */
export interface GraphState {
  readonly nodes: ReadonlyMap<string, NodeOutcome | 'running' | 'deselected'>;
  /** Somebody asked the run to stop. */
  readonly stopping: boolean;
}

/**
 * `unreached`: nothing led to it, by a decision. `defaulted`: something that it needs has failed. `deselected`: the launch left
 * it out, and what depends on it goes on as if it had completed. None of them runs.
 */
export type NodeState =
  | 'pending'
  | 'running'
  | 'completed'
  | 'failed'
  | 'stopped'
  | 'unreached'
  | 'defaulted'
  | 'deselected';

/** What is to be done now. */
export type Decision =
  /** Start these, in this order. */
  | { readonly kind: 'run'; readonly names: readonly string[] }
  /** Something runs; ask again when it has ended. */
  | { readonly kind: 'wait' }
  | Finish;

export interface Finish {
  readonly kind: 'finish';
  readonly status: EndStatus;
  readonly exitCode: string;
  /** The nodes that failed and whose failure nothing handled, in the order of the definition. */
  readonly failed: readonly string[];
}

type GraphOf = Pick<JobDefinition, 'name' | 'steps' | 'onFailure' | 'isFlow'>;

/** A definition never changes once it is made, and each launch asks for its graph. */
const alreadyBuilt = new WeakMap<GraphOf, Graph>();

/**
 * Makes the graph of a job.
 * @throws BatchyError `invalid-job` where steps are named twice, depend on what is not there, or go round in a circle
 */
export function buildGraph(definition: GraphOf): Graph {
  const built = alreadyBuilt.get(definition) ?? buildAnew(definition);
  alreadyBuilt.set(definition, built);
  return built;
}

function buildAnew({ name, steps, onFailure, isFlow }: GraphOf): Graph {
  // A flow has none: its tasks are made when it is picked up.
  const places = isFlow === true ? [] : checkGraph(steps);
  if (places.length > 0) {
    const problems = places.map(({ detail }) => detail).join('; ');
    throw new BatchyError('invalid-job', `The steps of job ${quoteBriefly(name)} cannot be run: ${problems}.`, {
      places,
    });
  }
  const indexOf = new Map(steps.map((step, index) => [step.name, index]));
  const at = (step: string): number => indexOf.get(step) as number;
  const rules = steps.map((step): GraphRule[] =>
    step.on.map(({ exitCode, to }) => ({
      pattern: exitCode,
      to: 'step' in to ? { kind: 'node', index: at(to.step) } : { kind: 'end', status: to.end },
    })),
  );
  const targets = rules.map((own) => [...new Set(own.flatMap(({ to }) => (to.kind === 'node' ? [to.index] : [])))]);
  const deciders = steps.map(() => 0);
  for (const target of targets.flat()) deciders[target] = (deciders[target] ?? 0) + 1;
  const children = steps.map((): number[] => []);
  const parents = steps.map((step, index) => {
    const distinct = new Set(step.dependsOn);
    for (const parent of distinct) children[at(parent)]?.push(index);
    return distinct.size;
  });
  const nodes = steps.map((step, index): GraphNode => ({
    name: step.name,
    parents: parents[index] ?? 0,
    deciders: deciders[index] ?? 0,
    children: children[index] ?? [],
    rules: rules[index] ?? [],
    targets: targets[index] ?? [],
  }));
  return { nodes, indexOf, onFailure };
}

/** What the rules of a node say of its exit code; `null` where none fits. */
export function ruledTarget(rules: readonly GraphRule[], exitCode: string): RuleTarget | null {
  return rules.find(({ pattern }) => matchesPattern(pattern, exitCode))?.to ?? null;
}
