import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { emptyLedger, encodeLedger } from '../../../src/domain/workflow.ts';
import type { WaitBody } from '../../../src/runner/step-body.ts';
import { createManualTimers } from '../manual-timers.ts';
import { createWorld, jobOf, type World } from '../world.ts';

describe('a wait step', () => {
  let world: World;
  let head: ReadonlyMap<string, string> | null;
  let ledger: string | null;
  let commits = 0;
  beforeEach(async () => {
    world = await createWorld({ timers: createManualTimers() });
    head = null;
    ledger = null;
  });
  afterEach(() => world.close());

  /** The workflow as it is after somebody else has changed it. */
  async function put(maps: Readonly<Record<string, object>>): Promise<void> {
    const next = new Map(Object.entries(maps).map(([job, map]) => [job, JSON.stringify(map)]));
    commits += 1;
    const nextLedger = encodeLedger({ ...emptyLedger, revision: commits, order: [...next.keys()] });
    const outcome = await world.stores.store.commit({
      operation: { id: `put-${commits}`, fingerprint: '', answer: null, keepSeconds: 60 },
      changes: [
        {
          kind: 'workflow',
          name: 'customers',
          expected: { head, ledger },
          head: next,
          ledger: nextLedger,
          records: [],
          listing: { status: 'open', updatedAt: 0n, latestStart: null },
        },
      ],
      journal: [],
    });
    expect(outcome.kind).toBe('committed');
    head = next;
    ledger = nextLedger;
  }
  const success = (end: string, more: object = {}): object => ({
    status: 'success',
    batch_id: 1700000000,
    batch_start: '2026-11-21T00:30:00',
    batch_end: end,
    ...more,
  });
  const wait = (body: Partial<WaitBody> = {}) =>
    jobOf([{ name: 'Upstream', body: { kind: 'wait', workflow: 'customers', jobs: null, ...body } }]);

  it('is completed by a success of today, and waits for one, saying why', async () => {
    await put({ job1: success('2026-11-20T11:00:00'), job2: success('2026-11-21T01:00:00') });
    const id = await world.launch(wait());
    const running = world.run(id, wait());
    await vi.waitFor(async () =>
      expect(await world.log(id, 'Upstream')).toContain(
        'waiting for customers: "job1": its last success is of 2026-11-20',
      ),
    );
    await put({ job1: success('2026-11-21T11:00:00'), job2: success('2026-11-21T01:00:00') });
    await running;
    expect((await world.outcome(id)).status).toBe('COMPLETED');
  });

  it('takes the day of the workflow’s own time zone, and only the jobs that are named', async () => {
    // It is 12:00 UTC, 01:00 of the next day in Auckland.
    const auckland = { trunc_start: true, timezone: 'Pacific/Auckland' };
    await put({ job1: success('2026-11-21T11:30:00', auckland), job2: { status: 'new' } });
    expect((await world.runNew(wait({ jobs: ['job1'] }))).status).toBe('COMPLETED');
  });

  it('fails for a workflow that is not there', async () => {
    const { execution } = await world.runNew(wait({ workflow: '{{which}}' }), { parameters: { which: 'nobody' } });
    expect(execution).toMatchObject({ status: 'FAILED', exitMessage: 'There is no workflow "nobody" to wait for.' });
  });
});
