import { documentChange, documentRemoval } from '../domain/execution-documents.ts';
import { type ConductorAbout, heartbeatDocument, heartbeatKey } from '../domain/heartbeat.ts';
import type { Stores } from '../ports/stores.ts';
import type { Timers } from '../ports/timers.ts';

export interface HeartbeatOptions {
  readonly stores: Pick<Stores, 'store' | 'documents' | 'clock'>;
  readonly conductor: string;
  /** What it tells of itself, asked each time. */
  readonly about?: () => ConductorAbout;
  readonly everyMilliseconds: number;
  readonly timers: Timers;
  readonly operationId: () => string;
  readonly onProblem: (error: unknown) => void;
}

export interface HeartbeatSender {
  /** Resolves when the first beat is stored: before that, nothing may be taken. @throws BatchyError `store-unavailable` */
  start(): Promise<void>;
  /** Removes the sign of life: what it still owns is anybody's. */
  stop(): Promise<void>;
}

const keepSeconds = 60;

/** Needs nothing of the process but its timers and the store, so that it can run in a thread of its own. */
export function createHeartbeat(options: HeartbeatOptions): HeartbeatSender {
  const { stores, conductor, about, everyMilliseconds, timers, operationId, onProblem } = options;
  let cancel = (): void => {};
  let beating: Promise<void> = Promise.resolve();
  let stopped = false;

  /** Grows the document, or removes it. */
  async function write(isAlive: boolean): Promise<void> {
    const [found] = await stores.documents.get([heartbeatKey(conductor)]);
    const document = heartbeatDocument({
      conductor,
      at: await stores.clock.now(),
      ...(about === undefined ? {} : { about: about() }),
    });
    const before = found === null || found === undefined ? null : { ...document, revision: found.revision };
    if (!isAlive && before === null) return;
    await stores.store.commit({
      operation: { id: operationId(), fingerprint: '', answer: null, keepSeconds },
      changes: [isAlive || before === null ? documentChange(before, document) : documentRemoval(before)],
      journal: [],
    });
  }

  function schedule(): void {
    cancel = timers.after(everyMilliseconds, () => {
      beating = write(true)
        .catch(onProblem)
        .finally(() => {
          if (!stopped) schedule();
        });
    });
  }

  return {
    async start() {
      await write(true);
      schedule();
    },
    async stop() {
      stopped = true;
      cancel();
      await beating;
      await write(false);
    },
  };
}
