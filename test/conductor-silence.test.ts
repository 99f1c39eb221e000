import { beforeEach, expect, it } from 'vitest';

import type { Holder } from '../src/conductor-holder.ts';
import { type Silence, watchSilence } from '../src/conductor-silence.ts';
import { createManualTimers, type ManualTimers } from './runner/manual-timers.ts';

const step: Holder = { executionId: 4, whose: 'step Load of execution 4 (Orders)' };
const runs = 'execution 4 (Orders), execution 5 (Copy)';

let timers: ManualTimers;
let told: unknown[];
/** Who would be named, and who has been. */
let holds: Holder | null;
let known: Holder | null;
let silence: Silence;
beforeEach(() => {
  timers = createManualTimers();
  told = [];
  holds = step;
  known = null;
  silence = watchSilence({
    timers,
    settings: { LEASE_SECONDS: 2, BLOCKED_SECONDS: 8 },
    pid: 1000,
    question: {
      ask: async () => (known = holds),
      get holder() {
        return known;
      },
      forget() {
        known = null;
      },
    },
    ping: () => told.push('ping'),
    onLong: () => told.push('long'),
    onAsked: () => told.push(silence.warning(runs)),
    onAnswer: (message) => told.push(message),
    onLost: (ending) => told.push(ending),
  });
});

async function rounds(count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) timers.advance(1000);
  await Promise.resolve().then(() => undefined);
}

const warning = (whose: string): string =>
  `the process that runs jobs (pid 1000) has not answered for 4 s: ${whose} computes or waits without a pause, or loops. It runs ${runs}. After 8 s (BLOCKED_SECONDS) it is ended.`;

it('names whose code holds the process up, in the warning and in the end', async () => {
  await rounds(4);
  expect(told).toEqual(['ping', 'long', warning(step.whose)]);
  expect(silence.isLong()).toBe(true);
  await rounds(4);
  expect(told.slice(3)).toEqual([{ because: `was held up for 8 s by ${step.whose} and was ended`, by: 4 }]);
});

it('blames nobody where nothing is known', async () => {
  holds = null;
  await rounds(4);
  expect(told.at(-1)).toBe(warning('a step'));
  await rounds(4);
  expect(told.at(-1)).toEqual({ because: 'did not answer for 8 s and was ended', by: null });
});

it('blames no execution for the top level of a job file', async () => {
  holds = { executionId: null, whose: 'the top level of jobs/load.ts' };
  await rounds(8);
  expect(told.at(-1)).toEqual({
    because: 'was held up for 8 s by the top level of jobs/load.ts and was ended',
    by: null,
  });
});

it('blames whoever held up a process that something else has ended, unless it had answered since', async () => {
  const because = 'was ended by SIGKILL';
  expect(silence.blamed(because)).toEqual({ because, by: null });
  await rounds(5);
  expect(silence.blamed(because)).toEqual({ because: `${because} while ${step.whose} held it up`, by: 4 });
  silence.answered();
  expect(told.at(-1)).toBe('the process that runs jobs (pid 1000) answers again after 5 s');
  expect(silence.isLong()).toBe(false);
  expect(silence.blamed(because)).toEqual({ because, by: null });
  await rounds(3);
  expect(silence.blamed(because)).toEqual({ because, by: null });
});
