import type { Decision, EndStatus, Finish, Graph, GraphNode, GraphState, NodeOutcome, NodeState } from './graph.ts';
import { ruledTarget } from './graph.ts';
import { ReadyQueue } from './ready-queue.ts';

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

const asCompleted: NodeOutcome = { status: 'completed', exitCode: 'COMPLETED' };
const nothingYet: GraphState = { nodes: new Map(), stopping: false };
const worstFirst: readonly EndStatus[] = ['FAILED', 'STOPPED', 'COMPLETED'];

/** @param state how far it got, where it goes on: in another process, or in a restart that skips what was completed */
export function createGraphRun(graph: Graph, state: GraphState = nothingYet): GraphRun {
  return new Run(graph, state);
}

/** A class rather than closures: each launch makes some, and most of their graphs are small. */
class Run implements GraphRun {
  readonly #graph: Graph;
  readonly #nodes: Node[];
  readonly #queue = new ReadyQueue();
  /** Nodes whose failure nothing handled. */
  readonly #failed: number[] = [];
  /** Nodes that have just come to rest without having run; theirs and their followers' edges are resolved one by one. */
  readonly #resting: number[] = [];
  #stopping: boolean;
  #pending: number;
  #running = 0;
  #stopped = 0;
  #ending: EndStatus | null = null;

  constructor(graph: Graph, state: GraphState) {
    this.#graph = graph;
    this.#stopping = state.stopping;
    this.#pending = graph.nodes.length;
    this.#nodes = graph.nodes.map((definition): Node => ({
      definition,
      state: 'pending',
      open: definition.parents + definition.deciders,
      liveDependencies: 0,
      liveDecisions: 0,
    }));
    const reached = [...state.nodes].flatMap(([name, record]) => {
      const index = graph.indexOf.get(name);
      return index === undefined ? [] : [{ index, record }];
    });
    for (const { index, record } of reached)
      this.#move(this.#nodeAt(index), typeof record === 'string' ? record : record.status);
    for (const [index, node] of this.#nodes.entries())
      if (node.state === 'pending' && node.open === 0) this.#queue.add(index);
    for (const { index, record } of reached)
      if (record !== 'running') this.#follow(index, record === 'deselected' ? asCompleted : record);
  }

  ready(limit = Number.POSITIVE_INFINITY): string[] {
    return this.#startsNothing() ? [] : this.#queue.first(limit).map((index) => this.#nodeAt(index).definition.name);
  }

  start(name: string): void {
    const index = this.#indexOf(name);
    if (!this.#queue.delete(index)) throw new RangeError(`node ${name} is not ready`);
    this.#move(this.#nodeAt(index), 'running');
  }

  end(name: string, outcome: NodeOutcome): void {
    const index = this.#indexOf(name);
    if (this.#nodeAt(index).state !== 'running') throw new RangeError(`node ${name} does not run`);
    this.#move(this.#nodeAt(index), outcome.status);
    this.#follow(index, outcome);
  }

  stop(): void {
    this.#stopping = true;
  }

  next(capacity = Number.POSITIVE_INFINITY): Decision {
    const names = this.ready(capacity);
    if (names.length > 0) return { kind: 'run', names };
    const waitsForRoom = this.#queue.size > 0 && !this.#startsNothing();
    return this.#running > 0 || waitsForRoom ? { kind: 'wait' } : this.#finish();
  }

  stateOf(name: string): NodeState {
    return this.#nodeAt(this.#indexOf(name)).state;
  }

  #indexOf(name: string): number {
    const index = this.#graph.indexOf.get(name);
    if (index === undefined) throw new RangeError(`the graph has no node ${name}`);
    return index;
  }

  #nodeAt(index: number): Node {
    return this.#nodes[index] as Node;
  }

  #move(node: Node, to: NodeState): void {
    if (node.state === 'pending') this.#pending -= 1;
    if (node.state === 'running') this.#running -= 1;
    if (to === 'running') this.#running += 1;
    node.state = to;
  }

  #resolve(index: number, kind: 'dependency' | 'decision', edge: Edge): void {
    const node = this.#nodeAt(index);
    node.open -= 1;
    if (edge === 'live' && kind === 'dependency') node.liveDependencies += 1;
    if (edge === 'live' && kind === 'decision') node.liveDecisions += 1;
    if (node.state !== 'pending') return;
    if (edge === 'broken') {
      this.#move(node, 'defaulted');
      this.#resting.push(index);
    } else if (node.open === 0) {
      if (isReached(node)) {
        this.#queue.add(index);
      } else {
        this.#move(node, 'unreached');
        this.#resting.push(index);
      }
    }
  }

  #settle(): void {
    for (let index = this.#resting.pop(); index !== undefined; index = this.#resting.pop()) {
      const { definition, state: rest } = this.#nodeAt(index);
      for (const child of definition.children)
        this.#resolve(child, 'dependency', rest === 'defaulted' ? 'broken' : 'dead');
      for (const target of definition.targets) this.#resolve(target, 'decision', 'dead');
    }
  }

  #follow(index: number, outcome: NodeOutcome): void {
    const { children, targets, rules } = this.#nodeAt(index).definition;
    if (outcome.status === 'stopped') {
      // What follows it stays pending: a restart runs it.
      this.#stopped += 1;
      return;
    }
    const chosen = ruledTarget(rules, outcome.exitCode);
    if (chosen?.kind === 'end') this.#ending = worse(this.#ending, chosen.status);
    const isBroken = chosen === null && outcome.status === 'failed';
    if (isBroken) this.#failed.push(index);
    const toChildren = chosen === null ? (isBroken ? 'broken' : 'live') : 'dead';
    for (const child of children) this.#resolve(child, 'dependency', toChildren);
    for (const target of targets)
      this.#resolve(target, 'decision', chosen?.kind === 'node' && chosen.index === target ? 'live' : 'dead');
    this.#settle();
  }

  #startsNothing(): boolean {
    return (
      this.#stopping ||
      this.#stopped > 0 ||
      this.#ending !== null ||
      (this.#failed.length > 0 && this.#graph.onFailure === 'stop')
    );
  }

  #finish(): Finish {
    const isFailure = this.#failed.length > 0 || this.#ending === 'FAILED';
    const isCut =
      this.#stopped > 0 || this.#ending === 'STOPPED' || (this.#stopping && this.#ending === null && this.#pending > 0);
    const status = isFailure ? 'FAILED' : isCut ? 'STOPPED' : 'COMPLETED';
    const names = this.#failed
      .toSorted((one, other) => one - other)
      .map((index) => this.#nodeAt(index).definition.name);
    return { kind: 'finish', status, exitCode: status, failed: names };
  }
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
