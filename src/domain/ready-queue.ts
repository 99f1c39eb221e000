/**
 * Indexes of nodes that may be started; the smallest come first. A binary heap: what is added, found first and taken costs the
 * logarithm of its size. What is deleted from the middle is forgotten when it comes to the top.
 */
export class ReadyQueue {
  readonly #present = new Set<number>();
  readonly #heap: number[] = [];

  get size(): number {
    return this.#present.size;
  }

  add(index: number): void {
    if (this.#present.has(index)) return;
    this.#present.add(index);
    this.#push(index);
  }

  /** @returns whether it was there */
  delete(index: number): boolean {
    return this.#present.delete(index);
  }

  /** At most `limit` of them, ascending; they stay. */
  first(limit: number): number[] {
    const found: number[] = [];
    while (found.length < limit && this.#heap.length > 0) {
      const index = this.#pop();
      // What was deleted and added again is in the heap twice.
      if (this.#present.has(index) && found.at(-1) !== index) found.push(index);
    }
    for (const index of found) this.#push(index);
    return found;
  }

  #push(index: number): void {
    const heap = this.#heap;
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
  }

  #pop(): number {
    const heap = this.#heap;
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
  }
}
