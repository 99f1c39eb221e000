import type { Note } from './notes.ts';

/** What the sinks must not have seen, whatever befell those who write to them. Each function says what is wrong; nothing when all is well. */

/**
 * Nobody writes behind the back of whoever has gone on: fences of one step never go back (I5). A program that was stopped with its owner
 * may end after it, before that can end it: what it had begun is not begun again.
 */
export function staleWrites(notes: readonly Note[]): string[] {
  const latest = new Map<string, readonly [number, number]>();
  return notes.flatMap(({ execution, step, fence, what }) => {
    if (fence === undefined || what === 'done') return [];
    const key = `${execution} ${step}`;
    const was = latest.get(key) ?? [0, 0];
    const isStale = fence[0] < was[0] || (fence[0] === was[0] && fence[1] < was[1]);
    if (!isStale) latest.set(key, fence);
    return isStale ? [`execution ${execution}, ${step}: ${what} by ${fence.join('/')} behind ${was.join('/')}`] : [];
  });
}

/**
 * Chunks come in their order, each once, but for the one that was under way when its owner was lost: that may come again (I9).
 * @param takeoversOf how often a step was taken from a lost owner
 */
export function replayedChunks(
  notes: readonly Note[],
  takeoversOf: (execution: number, step: string) => number,
): string[] {
  const chunks = notes.filter(({ what }) => what === 'chunk');
  const broken: string[] = [];
  for (const [key, its] of Map.groupBy(chunks, ({ execution, step }) => `${execution} ${step}`)) {
    let replayed = 0;
    for (const [index, { first, last, chunkId }] of its.entries()) {
      const before = its[index - 1];
      if (before === undefined) continue;
      const isAgain = first === before.first && last === before.last;
      if (isAgain) replayed += 1;
      if (isAgain && chunkId !== before.chunkId) broken.push(`${key}: rows ${first} to ${last} came under another id`);
      if (!isAgain && first !== (before.last ?? 0) + 1)
        broken.push(`${key}: rows from ${first} come behind those up to ${before.last}`);
    }
    const [{ execution, step }] = its as [Note];
    const most = takeoversOf(execution, step);
    if (replayed > most) broken.push(`${key}: ${replayed} chunks were replayed in ${most} takeovers`);
  }
  return broken;
}

/** What runs once runs once, and once more for each takeover at most. */
export function repeatedRuns(
  notes: readonly Note[],
  takeoversOf: (execution: number, step: string) => number,
): string[] {
  const begun = notes.filter(({ what }) => what === 'begun');
  return [...Map.groupBy(begun, ({ execution, step }) => `${execution} ${step}`)].flatMap(([key, its]) => {
    const [{ execution, step }] = its as [Note];
    const most = 1 + takeoversOf(execution, step);
    return its.length > most ? [`${key} was begun ${its.length} times, ${most} may be`] : [];
  });
}

/** Never more at a time than may: what has begun and has neither ended nor lost its owner. */
export function crowds(notes: readonly Note[], job: string, most: number): string[] {
  const running = new Set<number>();
  return notes.flatMap((note) => {
    if (note.job !== job) return [];
    if (note.what === 'begun') running.add(note.execution);
    if (note.what === 'done') running.delete(note.execution);
    return running.size > most ? [`${running.size} of ${job} run at a time: ${[...running].join(', ')}`] : [];
  });
}
