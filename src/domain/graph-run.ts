import type { Decision, EndStatus, Finish, Graph, GraphNode, GraphState, NodeOutcome, NodeState } from './graph.ts';
import { ruledTarget } from './graph.ts';
import { createReadyQueue } from './ready-queue.ts';

/**
 * A run of a graph, held in memory and told what happens. Each edge is looked at once in the whole run, so that a run of 10,000
 * nodes costs as many small steps as it has edges, not their square.
 *
 * Every edge of a node is at first open. It becomes *live* when what it comes from completed (a dependency) or decided for the
 * node (a decision), *dead* when that chose another way, *broken* when that failed. A node runs when none of its edges is open
 * or broken and one is live: a decision, where there are any, else a dependency. Hence a node that joins the branches of a decision runs
 * after the one that was taken, and a node that decisions lead to never runs unasked.
 */
export interface GraphRun {
  /** Nodes that may be started, in the order of the definition, at most `limit`. */
  ready(limit?: number): string[];
  /**
   * Whoever was told to run several may start them all, although one of them has failed meanwhile.
   * @throws RangeError for a node whose parents have not all ended, or that was started
   */
  start(name: string): void;
  /** @throws RangeError for a node that does not run */
  end(name: string, outcome: NodeOutcome): void;
  /** Nothing is started any more; what runs may end. */
  stop(): void;
  /** What is to be done now. @param capacity how many nodes may be started now */
  next(capacity?: number): Decision;
  /** @throws RangeError for a name that the graph does not know */
  stateOf(name: string): NodeState;
}

type Edge = 'live' | 'dead' | 'broken';

interface Node {
  readonly definition: GraphNode;
  state: NodeState;
  open: number;
  liveDependencies: number;
  liveDecisions: number;
}

const nothingYet: GraphState = { nodes: new Map(), stopping: false };
const worstFirst: readonly EndStatus[] = ['FAILED', 'STOPPED', 'COMPLETED'];

/** @param state how far it got, where it goes on: in another process, or in a restart that skips what was completed */
export function createGraphRun(graph: Graph, state: GraphState = nothingYet): GraphRun {
  const nodes = graph.nodes.map((definition): Node => ({
    definition,
    state: 'pending',
    open: definition.parents + definition.deciders,
    liveDependencies: 0,
    liveDecisions: 0,
  }));
  const queue = createReadyQueue();
  /** Nodes whose failure nothing handled. */
  const failed: number[] = [];
  let stopping = state.stopping;
  let pending = nodes.length;
  let running = 0;
  let stopped = 0;
  let ending: EndStatus | null = null;

  const indexOf = (name: string): number => {
    const index = graph.indexOf.get(name);
    if (index === undefined) throw new RangeError(`the graph has no node ${name}`);
    return index;
  };
  const nodeAt = (index: number): Node => nodes[index] as Node;

  const move = (node: Node, to: NodeState): void => {
    if (node.state === 'pending') pending -= 1;
    if (node.state === 'running') running -= 1;
    if (to === 'running') running += 1;
    node.state = to;
  };

  /** Nodes that have just come to rest without having run; theirs and their followers' edges are resolved one by one. */
  const resting: number[] = [];

  const resolve = (index: number, kind: 'dependency' | 'decision', edge: Edge): void => {
    const node = nodeAt(index);
    node.open -= 1;
    if (edge === 'live' && kind === 'dependency') node.liveDependencies += 1;
    if (edge === 'live' && kind === 'decision') node.liveDecisions += 1;
    if (node.state !== 'pending') return;
    if (edge === 'broken') {
      move(node, 'defaulted');
      resting.push(index);
    } else if (node.open === 0) {
      if (isReached(node)) {
        queue.add(index);
      } else {
        move(node, 'unreached');
        resting.push(index);
      }
    }
  };

  const settle = (): void => {
    for (let index = resting.pop(); index !== undefined; index = resting.pop()) {
      const { definition, state: rest } = nodeAt(index);
      for (const child of definition.children) resolve(child, 'dependency', rest === 'defaulted' ? 'broken' : 'dead');
      for (const target of definition.targets) resolve(target, 'decision', 'dead');
    }
  };

  const follow = (index: number, outcome: NodeOutcome): void => {
    const { children, targets, rules } = nodeAt(index).definition;
    if (outcome.status === 'stopped') {
      // What follows it stays pending: a restart runs it.
      stopped += 1;
      return;
    }
    const chosen = ruledTarget(rules, outcome.exitCode);
    if (chosen?.kind === 'end') ending = worse(ending, chosen.status);
    const isBroken = chosen === null && outcome.status === 'failed';
    if (isBroken) failed.push(index);
    const toChildren = chosen === null ? (isBroken ? 'broken' : 'live') : 'dead';
    for (const child of children) resolve(child, 'dependency', toChildren);
    for (const target of targets)
      resolve(target, 'decision', chosen?.kind === 'node' && chosen.index === target ? 'live' : 'dead');
    settle();
  };

  const startsNothing = (): boolean =>
    stopping || stopped > 0 || ending !== null || (failed.length > 0 && graph.onFailure === 'stop');

  const finish = (): Finish => {
    const isFailure = failed.length > 0 || ending === 'FAILED';
    const isCut = stopped > 0 || ending === 'STOPPED' || (stopping && ending === null && pending > 0);
    const status = isFailure ? 'FAILED' : isCut ? 'STOPPED' : 'COMPLETED';
    const names = failed.toSorted((one, other) => one - other).map((index) => nodeAt(index).definition.name);
    return { kind: 'finish', status, exitCode: status, failed: names };
  };

  const ready = (limit = Number.POSITIVE_INFINITY): string[] =>
    startsNothing() ? [] : queue.first(limit).map((index) => nodeAt(index).definition.name);

  const reached = [...state.nodes].flatMap(([name, record]) => {
    const index = graph.indexOf.get(name);
    return index === undefined ? [] : [{ index, record }];
  });
  for (const { index, record } of reached) move(nodeAt(index), record === 'running' ? 'running' : record.status);
  for (const [index, node] of nodes.entries()) if (node.state === 'pending' && node.open === 0) queue.add(index);
  for (const { index, record } of reached) if (record !== 'running') follow(index, record);

  return {
    ready,
    start(name) {
      const index = indexOf(name);
      if (!queue.delete(index)) throw new RangeError(`node ${name} is not ready`);
      move(nodeAt(index), 'running');
    },
    end(name, outcome) {
      const index = indexOf(name);
      if (nodeAt(index).state !== 'running') throw new RangeError(`node ${name} does not run`);
      move(nodeAt(index), outcome.status);
      follow(index, outcome);
    },
    stop() {
      stopping = true;
    },
    next(capacity = Number.POSITIVE_INFINITY) {
      const names = ready(capacity);
      if (names.length > 0) return { kind: 'run', names };
      const waitsForRoom = queue.size > 0 && !startsNothing();
      return running > 0 || waitsForRoom ? { kind: 'wait' } : finish();
    },
    stateOf: (name) => nodeAt(indexOf(name)).state,
  };
}

/**
 * What is to be done in a run that got as far as `state`. Whoever asks often keeps a `GraphRun`, which gives the same answers
 * without looking at every node each time.
 * @param capacity how many nodes may be started now
 */
export function next(graph: Graph, state: GraphState, capacity = Number.POSITIVE_INFINITY): Decision {
  return createGraphRun(graph, state).next(capacity);
}

function isReached({ definition, liveDependencies, liveDecisions }: Node): boolean {
  if (definition.deciders > 0) return liveDecisions > 0;
  return definition.parents === 0 || liveDependencies > 0;
}

/** Branches may decide on different ends; the worst holds, whichever came first. */
function worse(one: EndStatus | null, other: EndStatus): EndStatus {
  return worstFirst.find((status) => status === one || status === other) ?? other;
}
