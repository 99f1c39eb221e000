import { nanosecondsPerSecond } from '../domain/time.ts';
import { clockTolerance } from '../domain/watermark.ts';
import type { BatchReader } from '../ports/batch-reader.ts';
import type { Clock } from '../ports/clock.ts';
import type { Upkeep } from '../ports/upkeep.ts';
import type { Commands } from './commands.ts';

export interface Watch {
  /** Marks every workflow whose stored start lies ahead of the clock. @returns how many were looked at */
  noticeSkew(): Promise<number>;
  /** Removes what is older than the retention, a bounded number of things. @returns how many */
  prune(): Promise<number>;
}

export interface WatchOptions {
  readonly reader: BatchReader;
  readonly clock: Clock;
  readonly upkeep: Upkeep;
  readonly commands: Commands;
  /** Days to keep history; 0 keeps it for ever. */
  readonly retentionDays: number;
}

const mostAtOnce = 500;

/**
 * What must be looked at though nobody asks. A clock that was ahead is noticed here within seconds, before it catches up
 * and the trace is gone.
 */
export function createWatch({ reader, clock, upkeep, commands, retentionDays }: WatchOptions): Watch {
  return {
    async noticeSkew() {
      const names = await reader.startedAfter((await clock.now()) + clockTolerance, mostAtOnce);
      // To look at a workflow is to mark it; one that cannot be looked at must not hide the others.
      const looks = await Promise.allSettled(names.map((name) => commands.apply(name, () => null)));
      const failed = looks.find((look) => look.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return names.length;
    },
    async prune() {
      if (retentionDays === 0) return 0;
      const before = (await clock.now()) - BigInt(Math.round(retentionDays * 86_400)) * nanosecondsPerSecond;
      return upkeep.prune(before, mostAtOnce);
    },
  };
}
