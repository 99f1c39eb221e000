/** Indexes of nodes that may be started; the smallest come first. */
export interface ReadyQueue {
  readonly size: number;
  add(index: number): void;
  /** @returns whether it was there */
  delete(index: number): boolean;
  /** At most `limit` of them, ascending; they stay. */
  first(limit: number): number[];
}

/**
 * A binary heap: what is added, found first and taken costs the logarithm of its size. What is deleted from the middle is
 * forgotten when it comes to the top.
 */
export function createReadyQueue(): ReadyQueue {
  const present = new Set<number>();
  const heap: number[] = [];

  const push = (index: number): void => {
    let place = heap.length;
    heap.push(index);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above] as number;
      if (parent <= index) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = index;
  };

  const pop = (): number => {
    const top = heap[0] as number;
    const last = heap.pop() as number;
    if (heap.length === 0) return top;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const smaller = right < heap.length && (heap[right] as number) < (heap[left] as number) ? right : left;
      if ((heap[smaller] as number) >= last) break;
      heap[place] = heap[smaller] as number;
      place = smaller;
    }
    heap[place] = last;
    return top;
  };

  return {
    get size() {
      return present.size;
    },
    add(index) {
      if (present.has(index)) return;
      present.add(index);
      push(index);
    },
    delete: (index) => present.delete(index),
    first(limit) {
      const found: number[] = [];
      while (found.length < limit && heap.length > 0) {
        const index = pop();
        // What was deleted and added again is in the heap twice.
        if (present.has(index) && found.at(-1) !== index) found.push(index);
      }
      for (const index of found) push(index);
      return found;
    },
  };
}
