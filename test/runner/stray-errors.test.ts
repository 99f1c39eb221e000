import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { strayErrorTarget } from '../../src/runner/stray-errors.ts';
import type { TaskBody } from '../../src/runner/step-body.ts';
import { defaultRetry } from '../../src/domain/job.ts';
import { createManualTimers } from './manual-timers.ts';
import { createWorld, jobOf, type World } from './world.ts';

const task = (run: TaskBody['run']): TaskBody => ({ kind: 'task', run });

describe('an error of a step that nothing caught', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.close());

  it('fails the attempt, however indirectly it came about, although the step has done its work', async () => {
    const later = Promise.withResolvers<void>();
    const patient = await createWorld({ timers: createManualTimers() });
    const { execution, rows } = await patient.runNew(
      jobOf([
        {
          name: 'First',
          body: task(() => {
            setImmediate(() => {
              strayErrorTarget()?.fail(new Error('nobody awaits me'));
              later.resolve();
            });
            return later.promise;
          }),
        },
        { name: 'After', body: task(() => undefined) },
      ]),
    );
    expect(execution).toMatchObject({ status: 'FAILED', exitMessage: 'nobody awaits me', takeovers: 0 });
    expect(rows).toEqual(['First FAILED']);
    const log = await patient.log(execution.id, 'First');
    expect(log).toContain('nothing caught an error that came of this step');
    expect(log).toContain('Error: nobody awaits me');
    await patient.close();
  });

  it('is told before a step that returns at once is taken for a success', async () => {
    const { rows } = await world.runNew(
      jobOf([
        {
          name: 'Step',
          body: task(() => {
            // As late as the process tells of a promise that nobody has awaited: when all that was ready has run.
            process.nextTick(() => void Promise.resolve().then(() => strayErrorTarget()?.fail(new Error('late'))));
          }),
        },
      ]),
    );
    expect(rows).toEqual(['Step FAILED']);
  });

  it('aborts the step, keeps its own error whatever the step throws then, and counts as one attempt', async () => {
    const reasons: unknown[] = [];
    let attempts = 0;
    const { status, steps } = await world.runNew(
      jobOf([
        {
          name: 'Step',
          retry: { ...defaultRetry, maxRetries: 1, delaySeconds: 0 },
          body: task(({ signal }) => {
            attempts += 1;
            if (attempts > 1) return undefined;
            return new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => {
                reasons.push(signal.reason);
                reject(new Error('interrupted'));
              });
              strayErrorTarget()?.fail(new TypeError('of a callback'));
              strayErrorTarget()?.fail(new TypeError('and another one'));
            });
          }),
        },
      ]),
    );
    expect(reasons).toEqual([new TypeError('of a callback')]);
    expect([status, attempts, steps[0]?.counters.retry]).toEqual(['COMPLETED', 2, 1]);
    const log = await world.log(1, 'Step');
    expect(log).toContain('TypeError: of a callback');
    expect(log).toContain('TypeError: and another one');
    expect(log).not.toContain('interrupted');
  });

  it('leaves behind a step that does not heed its signal, and tries nothing beside it', async () => {
    const timers = createManualTimers();
    const patient = await createWorld({ timers });
    let attempts = 0;
    const begun = Promise.withResolvers<void>();
    const running = patient.runNew(
      jobOf([
        {
          name: 'Step',
          retry: { ...defaultRetry, maxRetries: 3, delaySeconds: 0 },
          body: task(() => {
            attempts += 1;
            strayErrorTarget()?.fail('no error at all');
            begun.resolve();
            return new Promise(() => {});
          }),
        },
      ]),
    );
    await begun.promise;
    timers.advance(1000);
    const { execution } = await running;
    expect(attempts).toBe(1);
    expect(execution.exitMessage).toMatch(/^no error at all\. It went on for 1 s after its signal was aborted/);
    await patient.close();
  });

  it('is not the step’s any more when the step has ended', async () => {
    let fails: (() => boolean | undefined) | null = null;
    const { rows } = await world.runNew(
      jobOf([
        {
          name: 'Step',
          body: task(() => {
            const target = strayErrorTarget();
            fails = () => target?.fail(new Error('too late'));
          }),
        },
      ]),
    );
    expect(rows).toEqual(['Step COMPLETED']);
    expect((fails as (() => boolean | undefined) | null)?.()).toBe(false);
  });
});
