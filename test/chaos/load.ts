import { setTimeout as pause } from 'node:timers/promises';

import type { JobExecution } from '../../src/domain/execution.ts';
import type { Arena } from './arena.ts';
import { rowsOfRun } from './scenarios/kill.ts';
import { notAs } from './scenarios/taken-over.ts';

/** What is launched all the time, and what must become of it. */
export interface Load {
  /** Launches no more; resolves with all that was launched, once it has ended. */
  ended(seconds?: number): Promise<JobExecution[]>;
  /** Statuses that are not as they should be. */
  wrong(executions: readonly JobExecution[]): string[];
  /** Rows that must be in the table, by run. */
  readonly rows: ReadonlyMap<number, number>;
  readonly launched: number;
}

interface Launched {
  readonly id: number;
  readonly becomes: string;
}

/** So that no other run has the number of a table's. */
const numberOfTables = 1_000_000;

/** @param everyMilliseconds between two launches of each of two clients */
export function startLoad(arena: Arena, everyMilliseconds: number): Load {
  const launched: Launched[] = [];
  const rows = new Map<number, number>();
  const stopping = new AbortController();
  let number = numberOfTables;

  async function launchOne(): Promise<void> {
    const own = (number += 1);
    const { job, parameters, becomes } = arena.chance.pick([
      ...Array.from({ length: 12 }, () => ({
        job: 'Once',
        parameters: { milliseconds: arena.chance.whole(0, 600) },
        becomes: 'COMPLETED',
      })),
      { job: 'Rows', parameters: { rows: rowsOfRun, milliseconds: 20 }, becomes: 'COMPLETED' },
      { job: 'Parts', parameters: { rows: rowsOfRun }, becomes: 'COMPLETED' },
      { job: 'Shell', parameters: {}, becomes: 'COMPLETED' },
      { job: 'flow', parameters: { fails: false, milliseconds: 60 }, becomes: 'COMPLETED' },
      { job: 'flow', parameters: { fails: true, milliseconds: 60 }, becomes: 'REVERTED' },
    ]);
    launched.push({ id: await arena.launch(job, { ...parameters, number: own }), becomes });
    if ('rows' in parameters) rows.set(own, rowsOfRun);
  }

  async function launchOn(): Promise<void> {
    while (!stopping.signal.aborted) {
      await launchOne();
      await pause(everyMilliseconds);
    }
  }
  const clients = [launchOn(), launchOn()];
  // Told when it is waited for.
  for (const client of clients) client.catch(() => undefined);

  return {
    rows,
    get launched() {
      return launched.length;
    },
    async ended(seconds = 180) {
      stopping.abort();
      await Promise.all(clients);
      return arena.ended(
        launched.map(({ id }) => id),
        seconds,
      );
    },
    wrong(executions) {
      const becomes = new Map(launched.map(({ id, becomes }) => [id, becomes]));
      return notAs(executions, (id) => becomes.get(id) ?? '');
    },
  };
}
