import type { Duplex } from 'node:stream';

import type { Holder } from './conductor-holder.ts';
import type { Timers } from './ports/timers.ts';

/** Asks a process that does not answer whose code holds it up: a thread of it answers. */
export interface HolderQuestion {
  /** @returns what was answered now or, where no answer came in time, what was since `forget`; `null` when that is nobody */
  ask(): Promise<Holder | null>;
  /** What was answered last. */
  readonly holder: Holder | null;
  /** It goes on: who held it up, does so no more. */
  forget(): void;
}

/** Milliseconds. What waits outside of JavaScript cannot be interrupted. */
const patience = 2000;

/** @param line to the thread; `undefined` where there is none */
export function createHolderQuestion(line: Duplex | undefined, timers: Timers): HolderQuestion {
  let holder: Holder | null = null;
  let text = '';
  const waiting: (() => void)[] = [];

  line?.setEncoding('utf8');
  line?.on('data', (heard: string) => {
    const lines = (text + heard).split('\n');
    text = lines.pop() ?? '';
    for (const answer of lines) holder = JSON.parse(answer) as Holder | null;
    if (lines.length > 0) for (const told of waiting.splice(0)) told();
  });
  // Its process is gone.
  line?.on('error', () => undefined);

  return {
    async ask() {
      if (line?.writable !== true) return holder;
      line.write('?');
      await new Promise<void>((resolve) => {
        const cancel = timers.after(patience, resolve);
        waiting.push(() => {
          cancel();
          resolve();
        });
      });
      return holder;
    },
    get holder() {
      return holder;
    },
    forget() {
      holder = null;
    },
  };
}
