import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import type { ConductorTask, ToDoomed } from './conductor-to-kill.ts';
import type { Arming } from './service-process.ts';

const live = new Set(['STARTING', 'STARTED', 'STOPPING']);

/** What the kills are tried on. */
export interface Doomed {
  /** @returns the execution's id */
  readonly launch: () => Promise<number>;
  readonly statusOf: (id: number) => Promise<string>;
  /** Resolves once it has ended, whoever runs it by then. */
  readonly ended: (id: number) => Promise<unknown>;
}

export interface DoomedConductors {
  /**
   * Launches an execution whose conductor is killed at one of its commits; the next one takes it over and sees it to its end, to be
   * killed in the next.
   */
  killAt(arming: Arming): Promise<{ readonly id: number; readonly isKilled: boolean }>;
  end(): void;
}

/** One conductor that works and dies, and one that comes up meanwhile. */
export function startDoomedConductors(task: ConductorTask, { launch, statusOf, ended }: Doomed): DoomedConductors {
  const prepare = (): ChildProcess =>
    fork(path.join(import.meta.dirname, 'conductor-to-kill.ts'), [JSON.stringify(task)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
  const tell = (child: ChildProcess, message: ToDoomed): boolean => child.send(message);
  let current = prepare();
  tell(current, 'start');
  let next = prepare();
  return {
    async killAt(arming) {
      const told = once(current, 'message');
      tell(current, arming);
      await told;
      const id = await launch();
      const killed = once(current, 'exit');
      const isOver = ended(id);
      await Promise.race([killed, isOver]);
      const isKilled = live.has(await statusOf(id));
      // At its last commit it may be about to die, too.
      if (!isKilled) current.kill('SIGKILL');
      await killed;
      current = next;
      tell(current, 'start');
      next = prepare();
      await isOver;
      return { id, isKilled };
    },
    end() {
      for (const child of [current, next]) child.kill('SIGKILL');
    },
  };
}
