import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { Duplex } from 'node:stream';

import type { HolderQuestion } from './conductor-holder-question.ts';
import type { Reading } from './conductor-reading.ts';
import type { ProcessEnding, Silence } from './conductor-silence.ts';
import { projectFolder } from './config/load.ts';

/** What the service knows of a process that runs jobs. */
export interface Child {
  readonly process: ChildProcess;
  /** Its conductor's name in the store. */
  readonly id: string;
  readonly reading: Reading;
  /** Whose code runs in it. */
  readonly question: HolderQuestion;
  /** From when it has told what the job files say. */
  silence: Silence | null;
  /** What it ran when it fell silent: `execution 4 (Load)`. */
  runs: string;
  /** Why it is about to end. */
  ending: ProcessEnding | null;
  /** It said so, and is replaced a little later. */
  isUnsound: boolean;
  isOfOtherVersion: boolean;
}

/**
 * How the process that runs jobs is started. The space for what was just made is half of what Node would let it become in the course
 * of a long step, which was most of what its memory grew by, however flat the step.
 */
export const conductorFlags: readonly string[] = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=16'];

/** Of the socket on which it is asked whose code runs: the one behind the channel. */
const questionsDescriptor = 4;

export function forkConductor(): ChildProcess {
  return fork(path.join(projectFolder, 'src/main.ts'), ['conductor'], {
    execArgv: [...conductorFlags],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
  });
}

/** @returns where a process is asked whose code runs, and the descriptor that this has there; `null` where nothing is */
export function questionsLine({ stdio }: ChildProcess): { readonly line: Duplex; readonly descriptor: number } | null {
  const line = (stdio as readonly unknown[] | undefined)?.[questionsDescriptor];
  return line === undefined || line === null ? null : { line: line as Duplex, descriptor: questionsDescriptor };
}
