import fc from 'fast-check';

import type { Answered, Asked } from './batch-specification.ts';
import type { Recorded } from './checker.ts';

/** Asks one of the servers. @returns the status and the body */
export type Ask = (
  server: number,
  method: string,
  path: string,
) => Promise<{ readonly status: number; readonly text: string }>;

export interface HistoryShape {
  readonly clients: number;
  readonly operations: number;
  readonly seed: number;
}

type Plan = {
  readonly kind: 'open' | 'reject' | 'close' | 'fail' | 'close-any' | 'get';
  readonly job: boolean;
  readonly server: number;
};

const plan: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constantFrom('open', 'open', 'reject', 'close', 'close', 'fail', 'close-any', 'get', 'get'),
  job: fc.boolean(),
  server: fc.nat({ max: 1000 }),
});

/** Several clients at once on one workflow, each asking one thing after the other of any server. */
export async function recordHistory(
  ask: Ask,
  { clients, operations, seed }: HistoryShape,
): Promise<Recorded<Asked, Answered>[]> {
  const plans = fc.sample(plan, { seed, numRuns: operations });
  const recorded: Recorded<Asked, Answered>[] = [];
  let tick = 0;
  const live = async (): Promise<void> => {
    let batchId = 1;
    for (let planned = plans.pop(); planned !== undefined; planned = plans.pop()) {
      const asked = askedBy(planned, batchId);
      const invokedAt = (tick += 1);
      const { status, text } = await ask(planned.server, 'POST', pathOf(asked));
      const returnedAt = (tick += 1);
      const answered = status === 200 ? { text } : { code: codeOf(status, text) };
      recorded.push({ asked, answered, invokedAt, returnedAt });
      if (asked.kind === 'open') batchId = Number(/"batch_id":(\d+)/.exec(text)?.[1] ?? batchId);
    }
  };
  await Promise.all(Array.from({ length: clients }, live));
  return recorded;
}

function askedBy({ kind, job }: Plan, batchId: number): Asked {
  if (kind === 'get') return { kind };
  if (kind === 'open' || kind === 'reject')
    return { kind: 'open', jobs: job ? ['job1'] : null, ifOpen: kind === 'open' ? 'reopen' : 'reject' };
  return {
    kind: 'end',
    outcome: kind === 'fail' ? 'failed' : 'success',
    batchId: kind === 'close-any' ? null : batchId,
  };
}

function pathOf(asked: Asked): string {
  if (asked.kind === 'get') return '/get_status/wf1';
  if (asked.kind === 'open')
    return `/open_batch/wf1?if_open=${asked.ifOpen}${asked.jobs === null ? '' : `&job=${asked.jobs.join()}`}`;
  const route = asked.outcome === 'success' ? 'close_batch' : 'fail_batch';
  return `/${route}/wf1${asked.batchId === null ? '' : `?batch_id=${asked.batchId}`}`;
}

function codeOf(status: number, text: string): string {
  if (status >= 500) throw new Error(`answered ${status}: ${text}`);
  return (JSON.parse(text) as { type: string }).type.replace('/problems/', '');
}
