import { describe, expect, it, vi } from 'vitest';

import { createTurns } from '../../src/service/turns.ts';

function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('turns', () => {
  it('lets work on one key go in the order in which it came, and other keys at once', async () => {
    const takeTurn = createTurns(10_000);
    const done: string[] = [];
    const { open, opened } = gate();
    const first = takeTurn('a', async () => {
      await opened;
      done.push('a1');
    });
    const second = takeTurn('a', async () => void done.push('a2'));
    await takeTurn('b', async () => void done.push('b1'));
    expect(done).toEqual(['b1']);
    open();
    await Promise.all([first, second]);
    expect(done).toEqual(['b1', 'a1', 'a2']);
  });

  it('goes on after work that failed', async () => {
    const takeTurn = createTurns(10_000);
    const failing = takeTurn('a', async () => Promise.reject(new Error('no')));
    const next = takeTurn('a', async () => 'yes');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });

  it('gives up unbegun what waits too long, and never lets two run at once all the same', async () => {
    vi.useFakeTimers();
    try {
      const takeTurn = createTurns(1000);
      const { open, opened } = gate();
      let running = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        running += 1;
        most = Math.max(most, running);
        await opened;
        running -= 1;
      };
      const first = takeTurn('a', work);
      let begun = false;
      const late = expect(takeTurn('a', async () => void (begun = true))).rejects.toMatchObject({ code: 'overloaded' });
      await vi.advanceTimersByTimeAsync(1001);
      await late;
      const third = takeTurn('a', work);
      await vi.advanceTimersByTimeAsync(0);
      open();
      await Promise.all([first, third]);
      expect([begun, most]).toEqual([false, 1]);
    } finally {
      vi.useRealTimers();
    }
  });
});
