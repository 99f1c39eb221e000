import { type Flow, type FlowNode, type FlowScope, scopeAt } from './flow.ts';
import type { TaskStatus } from './flow-state.ts';
import { ReadyQueue } from './ready-queue.ts';

/** What the way forward must know of the rest of a run. */
interface Surroundings {
  statusOf(task: number): TaskStatus;
  /** Whether it runs, but nobody works on it: it is run once more. */
  isInterrupted(task: number): boolean;
  /** A scope begins: its controller begins an attempt, if it has not. */
  begin(scope: FlowScope): void;
}

/** How far a node is: something that it waits for is left, nothing is, it is done. */
const waiting = 0;
const released = 1;
const done = 2;

/**
 * The way forward through a flow: which tasks are ready. Each edge is counted once in an attempt. A node is released when nothing
 * that it waits for is left; a task is then ready, a scope releases what stands in it, and is done when all of that is.
 */
export class FlowProgress {
  readonly #flow: Flow;
  readonly #surroundings: Surroundings;
  /** By node: how many that it waits for are not done; of a scope also, how many in it are not. */
  readonly #open: Int32Array;
  readonly #left: Int32Array;
  readonly #progress: Uint8Array;
  /** Done, and what waits for them does not know yet. */
  readonly #done: number[] = [];
  readonly #ready = new ReadyQueue();
  /** Ready, in unordered scopes or run once more: a failure does not keep them from starting. */
  readonly #unheld = new ReadyQueue();
  /** Due since a failure; not released before something is tried again. */
  #held: number[] = [];
  #isHeld = false;
  /** Tasks that have succeeded, but do not count, or not yet. There are never both kinds: while it reverts no failure is undecided. */
  #uncounted: ReadonlySet<number> = new Set();

  constructor(flow: Flow, surroundings: Surroundings) {
    this.#flow = flow;
    this.#surroundings = surroundings;
    this.#open = Int32Array.from(flow.nodes, ({ parents }) => parents.length);
    this.#left = Int32Array.from(flow.nodes, (node) => (node.kind === 'task' ? 0 : node.size));
    this.#progress = new Uint8Array(flow.nodes.length);
  }

  /**
   * Begins with what has succeeded before, if anything has.
   * @param late of it, what came after a failure: what that made due is held
   * @param doomed of it, what is being reverted: it does not count
   */
  begin(late: ReadonlySet<number>, doomed: ReadonlySet<number>): void {
    this.#uncounted = late.size > 0 ? late : doomed;
    this.#release(0);
    this.#settle();
    this.#uncounted = new Set();
    if (late.size === 0) return;
    this.hold();
    for (const task of late) if (this.#progress[task] === released) this.#done.push(task);
    this.#settle();
  }

  /** Something has failed: what becomes due from now on is held, and of what is ready only what is in unordered scopes starts. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Smallest first. */
  startable(capacity: number): number[] {
    const unheld = this.#unheld.first(capacity);
    if (this.#isHeld) return unheld;
    return [...this.#ready.first(capacity), ...unheld].sort((one, other) => one - other).slice(0, capacity);
  }

  isDone(): boolean {
    return this.#progress[0] === done;
  }

  hasStartable(): boolean {
    return this.#unheld.size > 0 || (!this.#isHeld && this.#ready.size > 0);
  }

  /** @returns whether the task was ready; it is started */
  start(task: number): boolean {
    return this.#ready.delete(task) || this.#unheld.delete(task);
  }

  succeed(task: number): void {
    this.#done.push(task);
    this.#settle();
  }

  /** Puts a scope back to where nothing in it has begun. */
  reset(scope: number): void {
    const { end, size } = scopeAt(this.#flow, scope);
    this.#left[scope] = size;
    for (let index = scope + 1; index < end; index += 1) {
      const node = this.#node(index);
      this.#open[index] = node.parents.length;
      this.#progress[index] = waiting;
      if (node.kind === 'task') this.start(index);
      else this.#left[index] = node.size;
    }
  }

  /** Goes on: the scopes that were reset begin, then what was held. */
  resume(scopes: readonly number[]): void {
    const held = this.#held;
    this.#held = [];
    this.#isHeld = false;
    for (const scope of scopes) if (this.#progress[scope] !== waiting) this.#enter(scope);
    // What lies in a scope that begins anew is released by that, now or when its turn comes.
    for (const index of held) if (this.#isDue(index)) this.#release(index);
    this.#settle();
  }

  #isDue(index: number): boolean {
    const { scope } = this.#node(index);
    const isBegun = scope === null || this.#progress[scope] === released;
    return isBegun && this.#progress[index] === waiting && this.#open[index] === 0;
  }

  #release(index: number): void {
    const node = this.#node(index);
    const status = node.kind === 'task' ? this.#surroundings.statusOf(index) : 'PENDING';
    if (this.#isHeld && status === 'PENDING') {
      this.#held.push(index);
      return;
    }
    this.#progress[index] = released;
    if (node.kind !== 'task') {
      this.#surroundings.begin(node);
      this.#enter(index);
    } else if (status === 'PENDING') {
      (node.inUnordered ? this.#unheld : this.#ready).add(index);
    } else if (this.#surroundings.isInterrupted(index)) {
      this.#unheld.add(index);
    } else if (status === 'SUCCESS' && !this.#uncounted.has(index)) {
      this.#done.push(index);
    }
  }

  #enter(scope: number): void {
    const { roots, size } = scopeAt(this.#flow, scope);
    if (size === 0) this.#done.push(scope);
    for (const index of roots) this.#release(index);
  }

  /** Tells all that wait for what is done, and all that wait for those. */
  #settle(): void {
    for (let index = this.#done.pop(); index !== undefined; index = this.#done.pop()) {
      if (this.#progress[index] === done) continue;
      this.#progress[index] = done;
      const { followers, scope } = this.#node(index);
      for (const follower of followers) if (countDown(this.#open, follower) === 0) this.#release(follower);
      if (scope !== null && countDown(this.#left, scope) === 0) this.#done.push(scope);
    }
  }

  #node(index: number): FlowNode {
    return this.#flow.nodes[index] as FlowNode;
  }
}

function countDown(counts: Int32Array, index: number): number {
  const left = (counts[index] as number) - 1;
  counts[index] = left;
  return left;
}
