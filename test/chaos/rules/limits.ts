import { decodeExecution } from '../../../src/domain/execution-text.ts';
import { isLive } from '../../../src/domain/execution-transitions.ts';
import { decodeLease } from '../../../src/domain/lease.ts';
import type { Rule } from './rule.ts';

export interface Limits {
  /** By job: executions of it that may be live at a time, waiting ones among them. */
  readonly maxConcurrent?: Readonly<Record<string, number>>;
  /** By job: executions of it that may have an owner at a time. */
  readonly maxRunning?: Readonly<Record<string, number>>;
}

/** After no commit do more run than may, whoever took them, and from whom. */
export function limitsHold({ maxConcurrent = {}, maxRunning = {} }: Limits): Rule {
  const live = new Map<string, Set<string>>();
  const jobOf = new Map<string, string>();
  const of = (job: string): Set<string> => live.get(job) ?? live.set(job, new Set()).get(job) ?? new Set();
  return {
    see({ changes, find }) {
      const touched = new Set<string>();
      for (const { collection, id, after } of changes) {
        if (collection === 'execution') {
          const execution = after === null ? null : decodeExecution(after.text);
          const job = execution?.jobName ?? jobOf.get(id) ?? '';
          jobOf.set(id, job);
          if (execution !== null && isLive(execution.status)) of(job).add(id);
          else of(job).delete(id);
        }
        if (collection === 'execution' || collection === 'lease') touched.add(jobOf.get(id) ?? '');
      }
      return [...touched].flatMap((job) => {
        const owned = [...of(job)].filter((id) => {
          const lease = find('lease', id);
          return lease !== null && decodeLease(lease.text).conductor !== null;
        });
        return [
          ...tooMany(job, 'are live', of(job).size, maxConcurrent[job]),
          ...tooMany(job, 'run', owned.length, maxRunning[job]),
        ];
      });
    },
  };
}

function tooMany(job: string, what: string, count: number, most = Number.POSITIVE_INFINITY): string[] {
  return count > most ? [`${count} executions of ${job} ${what}, ${most} may`] : [];
}
