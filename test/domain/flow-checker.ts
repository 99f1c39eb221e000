import { expect } from 'vitest';

import type { Flow } from '../../src/domain/flow.ts';
import type { FlowEvent } from '../../src/domain/flow-event.ts';
import type { FlowState } from '../../src/domain/flow-state.ts';
import type { Simulation } from './flow-simulator.ts';

/** Holds what must be true of every execution against what happens in one. */
export function createChecker(flow: Flow) {
  const before = tasksBefore(flow);
  const tasks = new Map(flow.nodes.flatMap((node) => (node.kind === 'task' ? [[node.name, node] as const] : [])));
  /** Of what ran and is neither reverted nor forgotten: when it was started, and how it ended. */
  const ran = new Map<string, { readonly started: number; readonly end: 'running' | 'succeeded' | 'failed' }>();
  let count = 0;
  let doneAtFailure: ReadonlySet<string> | null = null;
  /** The first of them at the end. */
  let mayRevert: string[] = [];
  let isOver = false;
  const thatHave = (end: string): string[] =>
    [...ran]
      .filter((each) => each[1].end === end)
      .sort(([, one], [, other]) => one.started - other.started)
      .map(([name]) => name);

  const watch = (event: FlowEvent, state: FlowState): void => {
    expect(isOver).toBe(false);
    count += 1;
    if (event.kind === 'decided') {
      expect(thatHave('running')).toEqual([]);
      mayRevert = [...thatHave('succeeded'), ...thatHave('failed')].filter((name) => tasks.get(name)?.hasRevert);
      doneAtFailure = null;
    } else {
      see(event);
    }
    for (const name of ran.keys()) {
      const isGone = [undefined, 'REVERTED'].includes(state.tasks.get(name)?.status);
      if (isGone && event.kind !== 'started') expect(tasks.get(name)?.hasRevert, name).toBe(false);
      if (isGone) ran.delete(name);
    }
  };

  const see = (event: Exclude<FlowEvent, { kind: 'decided' }>): void => {
    const { task } = event;
    if (event.kind === 'started') {
      expect([undefined, 'running']).toContain(ran.get(task)?.end);
      const isNew = !ran.has(task);
      const needed = [...(before.get(task) ?? [])];
      expect(needed.filter((each) => ran.get(each)?.end !== 'succeeded')).toEqual([]);
      if (doneAtFailure !== null && isNew) {
        expect(tasks.get(task)?.inUnordered).toBe(true);
        expect(needed.filter((each) => doneAtFailure?.has(each) === false)).toEqual([]);
      }
      ran.set(task, { started: count, end: 'running' });
    } else if (event.kind === 'succeeded' || event.kind === 'failed') {
      ran.set(task, { started: ran.get(task)?.started ?? -1, end: event.kind });
      if (event.kind === 'failed') doneAtFailure ??= new Set(thatHave('succeeded'));
    } else if (event.kind === 'revert-started') {
      expect(ran.has(task), task).toBe(true);
      expectNoneAfter(task, before, ran);
      // What is left out lies in scopes that are not reverted.
      expect(mayRevert).toContain(task);
      mayRevert = mayRevert.slice(0, mayRevert.indexOf(task) + 1);
    } else if (event.kind === 'reverted') {
      expect(mayRevert.pop()).toBe(task);
      ran.delete(task);
    } else {
      isOver = true;
    }
  };

  const expectAtEnd = ({ finish, state }: Simulation): void => {
    expect(finish.status === 'FAILED').toBe(isOver);
    expect(finish.failures.length === 0).toBe(finish.status === 'SUCCESS');
    if (isOver) return;
    for (const name of tasks.keys()) {
      const status = state.tasks.get(name)?.status ?? 'PENDING';
      expect(ran.has(name), name).toBe(status === 'SUCCESS');
      expect(finish.status === 'SUCCESS' ? ['SUCCESS'] : ['SUCCESS', 'REVERTED', 'PENDING']).toContain(status);
    }
  };
  return { watch, expectAtEnd };
}

/** Whatever comes after a task is reverted before it. */
function expectNoneAfter(
  task: string,
  before: ReadonlyMap<string, Set<string>>,
  ran: ReadonlyMap<string, unknown>,
): void {
  expect([...ran.keys()].filter((each) => before.get(each)?.has(task) === true)).toEqual([]);
}

/** By task, those that must be done before it. */
function tasksBefore(flow: Flow): Map<string, Set<string>> {
  const inside = (index: number): string[] => {
    const node = flow.nodes[index];
    if (node === undefined || node.kind === 'task') return node === undefined ? [] : [node.name];
    return flow.nodes.slice(index + 1, node.end).flatMap(({ kind, name }) => (kind === 'task' ? [name] : []));
  };
  const all = (index: number): string[] => {
    const node = flow.nodes[index];
    if (node === undefined) return [];
    return [
      ...node.parents.flatMap((parent) => [...inside(parent), ...all(parent)]),
      ...(node.scope === null ? [] : all(node.scope)),
    ];
  };
  return new Map(flow.nodes.map(({ name }, index) => [name, new Set(all(index))]));
}
