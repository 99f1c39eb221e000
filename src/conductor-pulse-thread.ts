import { parentPort, workerData } from 'node:worker_threads';

import { uuidv7 } from 'uuidv7';

import { systemTimers } from './adapters/system/timers.ts';
import { answerWhoHolds } from './conductor-holder-answers.ts';
import type { Settings } from './config/schema.ts';
import { BatchyError, type ErrorCode } from './domain/errors.ts';
import type { ConductorAbout } from './domain/heartbeat.ts';
import { openStores } from './open-stores.ts';
import { createHeartbeat, type HeartbeatSender } from './runner/heartbeat.ts';
import { errorStack } from './runner/error-text.ts';

/** What the thread is started with. */
export interface PulseTask {
  readonly settings: Settings;
  /** Whose sign of life it gives. */
  readonly conductor: string;
  /** The process id of the service: when it is gone, so is the reason to be here. */
  readonly host: number;
  /** A socket on which the service asks whose code runs. */
  readonly questions: number | null;
  /** Where it is noted whose code waits for a program. */
  readonly waiting: SharedArrayBuffer;
}

/** A later `beat` changes what is told. `ending`: the process has heard that it is orphaned, and ends by itself. */
export type ToPulse = { readonly kind: 'beat'; readonly about: ConductorAbout } | { readonly kind: 'ending' | 'stop' };

export type FromPulse =
  | { readonly kind: 'beating' | 'stopped' | 'orphaned' | 'back' }
  | { readonly kind: 'failed' | 'problem' | 'away'; readonly error: PackedError };

/** An error as it travels between threads: which class it was of is lost on the way. */
export interface PackedError {
  readonly code: ErrorCode | null;
  readonly text: string;
}

/** Milliseconds between two looks whether the service is still there. */
const lookEvery = 500;
/** What the process is given, in milliseconds, to answer that it ends, and then to end. */
const answerWithin = 2000;
const endWithin = 20_000;

const { settings, conductor, host, questions, waiting } = workerData as PulseTask;
let heartbeat: Promise<HeartbeatSender> | null = null;
let about: ConductorAbout | null = null;
let isEnding = false;

function tell(message: FromPulse): void {
  parentPort?.postMessage(message, []);
}

function packed(error: unknown): PackedError {
  return error instanceof BatchyError
    ? { code: error.code, text: error.detail }
    : { code: null, text: errorStack(error) };
}

/** A connection of its own: the other threads' may wait behind what a job does. */
async function beat(first: ConductorAbout): Promise<HeartbeatSender> {
  const stores = await openStores(settings, {
    met: (error) => tell({ kind: 'away', error: packed(error) }),
    over: () => tell({ kind: 'back' }),
  });
  const beating = createHeartbeat({
    stores,
    conductor,
    about: () => about ?? first,
    everyMilliseconds: (settings.LEASE_SECONDS * 1000) / 3,
    timers: systemTimers,
    operationId: uuidv7,
    onProblem: (error) => tell({ kind: 'problem', error: packed(error) }),
  });
  await beating.start();
  return {
    ...beating,
    async stop() {
      await beating.stop();
      await stores.upkeep.close();
    },
  };
}

async function stop(): Promise<void> {
  clearInterval(watch);
  try {
    // One that failed has been told of.
    await (await heartbeat?.catch(() => null))?.stop();
  } catch (error) {
    // It lapses by itself.
    tell({ kind: 'problem', error: packed(error) });
  }
  tell({ kind: 'stopped' });
  parentPort?.close();
}

parentPort?.on('message', (asked: ToPulse) => {
  if (asked.kind === 'beat') {
    about = asked.about;
    if (heartbeat !== null) return;
    heartbeat = beat(asked.about);
    heartbeat.then(
      () => tell({ kind: 'beating' }),
      (error: unknown) => tell({ kind: 'failed', error: packed(error) }),
    );
  } else if (asked.kind === 'stop') void stop();
  else isEnding = true;
});

if (questions !== null) answerWhoHolds(questions, waiting);

// The channel to the service closes when it dies, but a loop in a job, or in a job's file, never hears of it.
const watch = setInterval(() => {
  if (process.ppid === host) return;
  clearInterval(watch);
  tell({ kind: 'orphaned' });
  const end = (): void => void process.kill(process.pid, 'SIGKILL');
  setTimeout(() => {
    if (!isEnding) end();
  }, answerWithin);
  setTimeout(end, endWithin);
}, lookEvery);
