import { describe, expect, it } from 'vitest';

import type { Note } from './notes.ts';
import { crowds, repeatedRuns, replayedChunks, staleWrites } from './sink.ts';

const note = (what: string, fields: Partial<Note> = {}): Note => ({
  what,
  execution: 1,
  job: 'Load',
  step: 'Load',
  process: 1,
  at: 0,
  ...fields,
});
const chunk = (first: number, fields: Partial<Note> = {}): Note =>
  note('chunk', { first, last: first + 9, chunkId: `at ${first}`, fence: [7, 1], ...fields });

describe('what the sinks have seen', () => {
  it('is no stale write as long as fences grow, each for its step', () => {
    const notes = [chunk(1), chunk(11, { fence: [7, 2] }), chunk(1, { step: 'Other' }), chunk(1, { fence: [8, 1] })];
    expect(staleWrites(notes)).toEqual([]);
  });

  it.each([
    ['another lease', [7, 1], [7, 2]],
    ['another step execution', [7, 3], [8, 1]],
  ] as const)('is a stale write behind %s', (_what, stale, later) => {
    expect(staleWrites([chunk(1, { fence: later }), chunk(11, { fence: stale })])).toHaveLength(1);
  });

  it('is no stale write where a program ends that was begun before, but where one begins', () => {
    const program = (what: string, lease: number): Note => note(what, { fence: [0, lease] });
    expect(staleWrites([program('begun', 1), program('begun', 2), program('done', 1)])).toEqual([]);
    expect(staleWrites([program('begun', 2), program('begun', 1)])).toHaveLength(1);
  });

  it('may be one chunk twice in a row for each takeover', () => {
    const notes = [chunk(1), chunk(11), chunk(11, { fence: [7, 2] }), chunk(21)];
    expect(replayedChunks(notes, () => 1)).toEqual([]);
    expect(replayedChunks(notes, () => 0)).toEqual(['1 Load: 1 chunks were replayed in 0 takeovers']);
  });

  it.each([
    ['a chunk that was left out', [chunk(1), chunk(21)]],
    ['a chunk before the last', [chunk(1), chunk(11), chunk(1)]],
    ['a chunk under another id', [chunk(1), chunk(1, { chunkId: 'other' })]],
    ['a part of a chunk', [chunk(1), chunk(5)]],
  ])('may not be %s', (_what, notes) => {
    expect(replayedChunks(notes, () => 1)).toHaveLength(1);
  });

  it('may be one run, and one more for each takeover', () => {
    const notes = [note('begun'), note('done'), note('begun'), note('begun', { execution: 2 })];
    expect(repeatedRuns(notes, (id) => (id === 1 ? 1 : 0))).toEqual([]);
    expect(repeatedRuns(notes, () => 0)).toEqual(['1 Load was begun 2 times, 1 may be']);
  });

  it('may be only so many at a time', () => {
    const [one, two] = [{ execution: 1 }, { execution: 2 }];
    const inTurn = [note('begun', one), note('begun', one), note('done', one), note('begun', two)];
    expect(crowds(inTurn, 'Load', 1)).toEqual([]);
    expect(crowds([note('begun', one), note('begun', two)], 'Load', 1)).toEqual(['2 of Load run at a time: 1, 2']);
    expect(crowds([note('begun', one), note('begun', two)], 'Other', 1)).toEqual([]);
  });
});
