import { type Duplex, duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

import { beforeEach, expect, it } from 'vitest';

import type { Holder } from '../src/conductor-holder.ts';
import { createHolderQuestion, type HolderQuestion } from '../src/conductor-holder-question.ts';
import { createManualTimers, type ManualTimers } from './runner/manual-timers.ts';

const step: Holder = { executionId: 4, whose: 'step Load of execution 4 (Orders)' };

let timers: ManualTimers;
let thread: Duplex;
let asked: number;
let question: HolderQuestion;
beforeEach(() => {
  timers = createManualTimers();
  const [ours, theirs] = duplexPair();
  thread = theirs;
  asked = 0;
  thread.on('data', () => {
    asked += 1;
  });
  question = createHolderQuestion(ours, timers);
});

it('hears who holds a process up, also in pieces, until it goes on', async () => {
  const answer = question.ask();
  await turn();
  expect(asked).toBe(1);
  const line = `${JSON.stringify(step)}\n`;
  thread.write(line.slice(0, 20));
  await turn();
  expect(question.holder).toBeNull();
  thread.write(line.slice(20));
  expect(await answer).toEqual(step);
  expect(timers.waiting()).toBe(0);
  question.forget();
  expect(question.holder).toBeNull();
});

it('takes what it heard before where nothing can interrupt the process now, and what it hears later', async () => {
  const first = question.ask();
  timers.advance(2000);
  expect(await first).toBeNull();
  thread.write(`${JSON.stringify(step)}\n`);
  await turn();
  expect(question.holder).toEqual(step);
  const second = question.ask();
  timers.advance(2000);
  expect(await second).toEqual(step);
  const third = question.ask();
  thread.write('null\n');
  expect(await third).toBeNull();
});

it('knows nobody where nobody can be asked, or the process is gone', async () => {
  expect(await createHolderQuestion(undefined, timers).ask()).toBeNull();
  const [ours] = duplexPair();
  const gone = createHolderQuestion(ours, timers);
  ours.destroy(new Error('ECONNRESET'));
  await turn();
  expect(await gone.ask()).toBeNull();
  expect(timers.waiting()).toBe(0);
});
