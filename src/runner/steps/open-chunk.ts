import { noCounters, type StepCounters } from '../../domain/execution.ts';
import type { ChunkFaults, NewSkip } from './chunk-faults.ts';

/** A chunk that is being made; nothing of it counts before it is committed. */
export interface OpenChunk extends ChunkFaults {
  /** Items, as they were read and then as they were processed, each with its number. */
  items: unknown[];
  numbers: number[];
  /** By number: items as they were read, of a step that may leave some out. */
  readonly inputs: Map<number, unknown>;
  /** How many were asked of the reader, those that could not be read among them. */
  asked: number;
  read: number;
  filtered: number;
  ended: boolean;
}

export function emptyChunk(): OpenChunk {
  return {
    items: [],
    numbers: [],
    inputs: new Map(),
    asked: 0,
    read: 0,
    filtered: 0,
    ended: false,
    skipped: [],
    retries: 0,
    rollbacks: 0,
  };
}

/** What it adds to the counters of its step. */
export function countsOf(chunk: OpenChunk): StepCounters {
  const of = (phase: NewSkip['phase']): number => chunk.skipped.filter((skip) => skip.phase === phase).length;
  return {
    read: chunk.read,
    write: chunk.items.length,
    filter: chunk.filtered,
    commit: 1,
    rollback: chunk.rollbacks,
    readSkip: of('read'),
    processSkip: of('process'),
    writeSkip: of('write'),
    retry: chunk.retries,
  };
}

/** The position of an item whose reader names none. */
export function positionOf(number: number): string {
  return `item ${number}`;
}

/** Of a chunk that is not committed, or not yet, only what was tried in vain counts. */
export function inVain({ retries, rollbacks }: OpenChunk): StepCounters {
  return { ...noCounters, retry: retries, rollback: rollbacks };
}
