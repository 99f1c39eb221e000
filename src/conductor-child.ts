import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';

import type { Reading } from './conductor-reading.ts';
import type { Watchdog } from './conductor-watchdog.ts';
import { projectFolder } from './config/load.ts';

/** What the service knows of a process that runs jobs. */
export interface Child {
  readonly process: ChildProcess;
  /** Its conductor's name in the store. */
  readonly id: string;
  readonly reading: Reading;
  /** From when it has told what the job files say. */
  watchdog: Watchdog | null;
  /** What it ran when it fell silent: `execution 4 (Load)`. */
  runs: string;
  /** Why it is about to end, and whose code ended it, where that is known. */
  endedBecause: string | null;
  endedBy: number | null;
  /** It said so, and is replaced a little later. */
  isUnsound: boolean;
  isOfOtherVersion: boolean;
}

/**
 * How the process that runs jobs is started. The space for what was just made is half of what Node would let it become in the course
 * of a long step, which was most of what its memory grew by, however flat the step.
 */
export const conductorFlags: readonly string[] = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=16'];

export function forkConductor(): ChildProcess {
  return fork(path.join(projectFolder, 'src/main.ts'), ['conductor'], {
    execArgv: [...conductorFlags],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}
