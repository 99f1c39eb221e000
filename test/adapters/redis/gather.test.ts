import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { gather } from '../../../src/adapters/redis/gather.ts';

describe('questions of one turn of the event loop', () => {
  it('travel together and get an answer each, in order', async () => {
    const calls: (readonly number[])[] = [];
    const ask = gather<number, number>(10, async (questions) => {
      calls.push(questions);
      return questions.map((question) => question * 2);
    });
    expect(await Promise.all([ask(1), ask(2), ask(3)])).toEqual([2, 4, 6]);
    expect(calls).toEqual([[1, 2, 3]]);
  });

  it('make another call where they are more than may travel together', async () => {
    const calls: (readonly number[])[] = [];
    const ask = gather<number, number>(2, async (questions) => {
      calls.push(questions);
      return questions;
    });
    expect(await Promise.all([1, 2, 3, 4, 5].map(ask))).toEqual([1, 2, 3, 4, 5]);
    expect(calls).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('of a later turn never join a call that has left', async () => {
    const calls: number[] = [];
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const ask = gather<number, number>(10, async (questions) => {
      calls.push(questions.length);
      await answered;
      return questions;
    });
    const first = ask(1);
    await nextTurn();
    const second = ask(2);
    await nextTurn();
    answer();
    expect(await Promise.all([first, second])).toEqual([1, 2]);
    expect(calls).toEqual([1, 1]);
  });

  it('are all told when their call fails, and those after them are not', async () => {
    let calls = 0;
    const ask = gather<number, number>(10, async (questions) => {
      calls += 1;
      if (calls === 1) throw new Error('cut off');
      return questions;
    });
    const outcomes = await Promise.allSettled([ask(1), ask(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await ask(3)).toBe(3);
  });

  it('wait for each other while three calls are under way, and then travel together', async () => {
    const calls: (readonly number[])[] = [];
    const answers: (() => void)[] = [];
    const slow = async (questions: readonly number[]): Promise<readonly number[]> => {
      calls.push(questions);
      await new Promise<void>((resolve) => answers.push(resolve));
      return questions;
    };
    const ask = gather(10, slow, 60_000);
    const asked: Promise<number>[] = [];
    for (let question = 1; question <= 6; question += 1) {
      asked.push(ask(question));
      await nextTurn();
    }
    expect(calls).toEqual([[1], [2], [3]]);
    answers.shift()?.();
    await expect.poll(() => calls).toEqual([[1], [2], [3], [4, 5, 6]]);
    for (const answer of answers) answer();
    expect(await Promise.all(asked)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('leave although none has come back, where the server is far away', async () => {
    const calls: (readonly number[])[] = [];
    const ask = gather<number, number>(
      2,
      async (questions) => {
        calls.push(questions);
        return new Promise(() => undefined);
      },
      1,
    );
    for (const question of [1, 2, 3, 4, 5, 6, 7]) void ask(question);
    await expect.poll(() => calls).toEqual([[1, 2], [3, 4], [5, 6], [7]]);
  });
});
