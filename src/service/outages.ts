import { BatchyError } from '../domain/errors.ts';
import type { Outage } from '../ports/outage.ts';
import type { Timers } from '../ports/timers.ts';

/** The outages of the one store of a process, as its log tells of them: a line when one begins, and one when it is over. */
export interface Outages {
  /** For one connection, or several that come and go together. The outage is over when all that have met it say so. */
  source(): Outage;
  /** How loud the log tells a problem: what an outage explains was told when it began. */
  levelOf(problem: unknown): 'warn' | 'debug';
}

export interface OutagesOptions {
  readonly timers: Pick<Timers, 'monotonic'>;
  readonly log: (level: 'warn' | 'info', message: string) => void;
}

export function createOutages({ timers, log }: OutagesOptions): Outages {
  const away = new Set<symbol>();
  let since = 0;
  return {
    source() {
      const source = Symbol('source');
      return {
        met(problem) {
          if (away.size === 0) {
            since = timers.monotonic();
            log(
              'warn',
              `${reasonOf(problem)} This process goes on trying, and says when it is over; what fails meanwhile is told at level debug.`,
            );
          }
          away.add(source);
        },
        over() {
          if (!away.delete(source) || away.size > 0) return;
          log('info', `The store answers again, after ${Math.ceil((timers.monotonic() - since) / 1000)} s.`);
        },
      };
    },
    levelOf: (problem) =>
      away.size > 0 && problem instanceof BatchyError && problem.code === 'store-unavailable' ? 'debug' : 'warn',
  };
}

function reasonOf(problem: unknown): string {
  if (problem instanceof BatchyError) return problem.detail;
  return `The store cannot be used: ${(problem instanceof Error ? problem.message : String(problem)).replace(/\.$/, '')}.`;
}
