import { expect, it, onTestFinished, vi } from 'vitest';

import { noCounters, type StepExecution } from '../../src/domain/execution.ts';
import { createJobCounts } from '../../src/domain/job-counts.ts';
import { createConductor } from '../../src/runner/conductor.ts';
import { runExecution } from '../../src/runner/engine.ts';
import { countRun } from '../../src/runner/run-counts.ts';
import type { TaskBody } from '../../src/runner/step-body.ts';
import { createManualTimers } from './manual-timers.ts';
import { createWorld, jobOf } from './world.ts';

const task = (run: TaskBody['run']): TaskBody => ({ kind: 'task', run });

it('counts what another conductor began and this one has ended, and that it was taken over', async () => {
  const timers = createManualTimers();
  const world = await createWorld({ timers });
  onTestFinished(() => world.close());
  const id = await world.launch(jobOf([{ name: 'Step', body: task(() => undefined) }]));
  // Its process hangs, and gives no sign of life.
  const hanging = jobOf([{ name: 'Step', body: task(() => new Promise(() => {})) }]);
  void runExecution(await world.take(id, 'dead'), hanging, world.tools, new AbortController().signal);
  await vi.waitFor(async () => expect((await world.outcome(id)).rows).toEqual(['Step STARTED']));
  const counts = createJobCounts();
  const conductor = createConductor({
    ...world.tools,
    stores: world.stores,
    catalog: { get: () => jobOf([{ name: 'Step', body: task(() => undefined) }]) },
    id: 'here',
    leaseSeconds: 15,
    concurrency: 4,
    timers,
    lookEveryMilliseconds: 1000,
    onProblem: (error) => {
      throw error;
    },
    counts,
  });
  onTestFinished(() => conductor.stop());
  await conductor.start();
  await vi.waitFor(async () => {
    timers.advance(1000);
    expect((await world.outcome(id)).status).toBe('COMPLETED');
  });
  const tally = counts.tallies.get('TestJob');
  expect(tally).toMatchObject({ takeovers: 1, steps: 1 });
  expect(Object.fromEntries(tally?.ended ?? [])).toEqual({ COMPLETED: 1 });
});

it('counts a step once, in seconds, and of its items what each commit has added', async () => {
  const world = await createWorld();
  onTestFinished(() => world.close());
  const job = jobOf([{ name: 'Load', body: task(() => undefined) }]);
  const { execution } = await world.runNew(job);
  const begun: StepExecution = {
    id: 1,
    executionId: execution.id,
    instanceId: execution.instanceId,
    stepName: 'Load',
    status: 'STARTED',
    exitCode: '',
    exitMessage: '',
    startedAt: 10_000_000_000n,
    endedAt: null,
    counters: noCounters,
    checkpoint: null,
  };
  const written = { ...begun, counters: { ...noCounters, read: 10, write: 8, readSkip: 1, writeSkip: 1 } };
  const more = { ...begun, counters: { ...written.counters, read: 15, write: 12, processSkip: 1 } };
  const ended: StepExecution = { ...more, status: 'COMPLETED', endedAt: 12_500_000_000n };
  const counts = createJobCounts();
  const moves = [null, begun, written, more, ended, ended];
  for (const [index, after] of moves.slice(1).entries())
    if (after !== null)
      countRun(counts, job, {
        before: execution,
        after: execution,
        steps: [{ before: moves[index] ?? null, after }],
      });
  expect(counts.tallies.get('TestJob')).toMatchObject({
    steps: 1,
    stepSeconds: 2.5,
    itemsRead: 15,
    itemsWritten: 12,
    itemsSkipped: 3,
  });
  // Revived, it runs once more in a row of its own, and begins with nothing.
  const again: StepExecution = { ...begun, id: 2 };
  const steps = [
    { before: ended, after: again },
    { before: again, after: { ...again, counters: { ...noCounters, read: 1 } } },
  ];
  countRun(counts, job, { before: execution, after: execution, steps });
  expect(counts.tallies.get('TestJob')).toMatchObject({ steps: 1, itemsRead: 16, itemsWritten: 12, itemsSkipped: 3 });
});
