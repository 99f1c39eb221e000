/** One operation of a concurrent history: when it was asked and answered (by one counter for all clients), and what. */
export interface Recorded<Asked, Answered> {
  readonly asked: Asked;
  readonly answered: Answered;
  readonly invokedAt: number;
  readonly returnedAt: number;
}

/** What the operations do one after the other. */
export interface Specification<State, Asked, Answered> {
  readonly initial: State;
  /** The state after the operation (the very same, where it changed nothing), or `null` where it cannot give this answer in this state. */
  readonly step: (state: State, asked: Asked, answered: Answered) => State | null;
  /** The same text for the same state. */
  readonly key: (state: State) => string;
}

/**
 * Whether there is an order of the operations, each between its being asked and answered, in which all answers are those of
 * the specification: the search of Wing and Gong, which never looks twice at the same state after the same operations (Lowe).
 */
export function isLinearizable<State, Asked, Answered>(
  history: readonly Recorded<Asked, Answered>[],
  { initial, step, key }: Specification<State, Asked, Answered>,
): boolean {
  const byInvocation = [...history].sort((one, other) => one.invokedAt - other.invokedAt);
  const seen = new Set<string>();
  // Depth first, with a stack of our own: a history is longer than the language's.
  const stack: { readonly state: State; readonly first: number; readonly done: ReadonlySet<number> }[] = [
    { state: initial, first: 0, done: new Set() },
  ];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { state, done } = top;
    let { first } = top;
    while (done.has(first)) first += 1;
    if (first === byInvocation.length) return true;
    const name = `${first} ${[...done]
      .filter((index) => index > first)
      .sort((one, other) => one - other)
      .join()} ${key(state)}`;
    if (seen.has(name)) continue;
    seen.add(name);

    let earliestReturn = Infinity;
    const next: typeof stack = [];
    for (let index = first; index < byInvocation.length; index += 1) {
      const operation = byInvocation[index] as Recorded<Asked, Answered>;
      // What was asked after another was answered cannot have come before it.
      if (operation.invokedAt > earliestReturn) break;
      if (done.has(index)) continue;
      earliestReturn = Math.min(earliestReturn, operation.returnedAt);
      const after = step(state, operation.asked, operation.answered);
      if (after === null) continue;
      const later = new Set([...done].filter((other) => other > first));
      const choice = { state: after, first, done: later.add(index) };
      if (after === state) {
        // What changes nothing may as well have come now: wherever else it fits, it stands in nobody's way here.
        next.splice(0, next.length, choice);
        break;
      }
      next.push(choice);
    }
    // The operation that was asked first is tried first: mostly that is how it was.
    stack.push(...next.toReversed());
  }
  return false;
}
