import { type Flow, scopeAt } from './flow.ts';
import type { Attempt, FlowFailure, FlowState, Unwinding } from './flow-state.ts';
import { attemptsAt, nextAttemptValue } from './flow-values.ts';

export interface FlowVerdict {
  readonly unwinding: Unwinding;
  /** The attempts at the scopes whose controllers were asked, by the name of the scope, with what they were asked about. */
  readonly attempts: ReadonlyMap<string, readonly Attempt[]>;
}

/** A scope is reverted, and tried again or not. */
interface Resolution {
  readonly scope: number;
  readonly next: Unwinding['next'];
  readonly isAll: boolean;
  /** The scopes whose controllers had a say, the nearest first. */
  readonly asked: readonly number[];
}

/**
 * What is done about failures, once nothing runs any more. For each failed task its nearest controller is asked. RETRY tries its
 * scope again. REVERT asks the controller around that one: if that retries or reverts all, so be it, else only the scope that was
 * asked first is reverted. REVERT_ALL, or no controller at all, reverts the whole flow.
 *
 * Several failures: each says what it needs, and all of that is done. A scope that lies in another one of them goes with it (the
 * widest wins, as TaskFlow's last word is the widest). Scopes beside each other are reverted together, against the one order of
 * their starts; if any of them is given up none is tried again, since nothing that it could yield would be kept going: the
 * flow ends. A controller that several failures reach is asked once, about all of them.
 * @param failures in the order of starting
 */
export function decideFlow(flow: Flow, state: FlowState, failures: readonly FlowFailure[]): FlowVerdict {
  const asked = new Map<number, FlowFailure[]>();
  const known = new Map<number, Resolution>();
  const all: Resolution = { scope: 0, next: 'end', isAll: true, asked: [] };

  const ask = (index: number): Resolution => {
    const found = known.get(index) ?? resolve(index);
    known.set(index, found);
    return found;
  };
  const resolve = (index: number): Resolution => {
    const scope = scopeAt(flow, index);
    const answer = answerOf(flow, state, index);
    if (answer === 'RETRY') return { scope: index, next: 'retry', isAll: false, asked: [index] };
    if (answer === 'REVERT_ALL') return { ...all, asked: [index] };
    const around = scope.controller === null ? null : ask(scope.controller);
    const reached = [index, ...(around?.asked ?? [])];
    return around !== null && (around.isAll || around.next === 'retry')
      ? { ...around, asked: reached }
      : { scope: index, next: 'end', isAll: false, asked: reached };
  };

  const resolutions = failures.map((failure): Resolution => {
    const index = flow.indexOf.get(failure.task);
    const controller = index === undefined ? null : (flow.nodes[index]?.controller ?? null);
    if (controller === null) return all;
    const resolution = ask(controller);
    for (const each of resolution.asked) {
      const about = asked.get(each);
      if (about === undefined) asked.set(each, [failure]);
      else about.push(failure);
    }
    return resolution;
  });

  return {
    unwinding: { ...combine(flow, resolutions), failures },
    attempts: new Map(
      [...asked].map(([index, about]): [string, readonly Attempt[]] => {
        const scope = scopeAt(flow, index);
        const attempts = attemptsAt(state, scope);
        return [scope.name, [...attempts.slice(0, -1), { ...attempts.at(-1), failures: about }]];
      }),
    ),
  };
}

function answerOf(flow: Flow, state: FlowState, index: number): 'RETRY' | 'REVERT' | 'REVERT_ALL' {
  const scope = scopeAt(flow, index);
  switch (scope.retry?.kind) {
    case 'times':
      return attemptsAt(state, scope).length < scope.retry.attempts ? 'RETRY' : 'REVERT';
    case 'forEach':
    case 'parameterizedForEach':
      return nextAttemptValue(flow, state, scope) === undefined ? 'REVERT' : 'RETRY';
    case 'alwaysRevertAll':
      return 'REVERT_ALL';
    default:
      return 'REVERT';
  }
}

function combine(flow: Flow, resolutions: readonly Resolution[]): Pick<Unwinding, 'scopes' | 'next'> {
  if (resolutions.some(({ isAll }) => isAll)) return { scopes: [flow.name], next: 'end' };
  const widest: Resolution[] = [];
  // A scope stands before whatever lies in it.
  for (const resolution of resolutions.toSorted((one, other) => one.scope - other.scope)) {
    const last = widest.at(-1);
    if (last === undefined || resolution.scope >= scopeAt(flow, last.scope).end) widest.push(resolution);
  }
  return {
    scopes: widest.map(({ scope }) => scopeAt(flow, scope).name),
    next: widest.every(({ next }) => next === 'retry') ? 'retry' : 'end',
  };
}
