import type { ExecutionLogs } from '../service/execution-logs.ts';
import { createBell } from './bell.ts';
import { eventText, streamOpening } from './event-stream.ts';

export interface LogStreamOptions {
  /** A piece of the log from an offset on. */
  readonly read: (offset: number) => ReturnType<ExecutionLogs['read']>;
  /** Whether nobody writes to the log any more. */
  readonly isOver: () => Promise<boolean>;
  /** Calls back when the state has changed, which a line in the log may go with. */
  readonly subscribe: (onChange: () => void) => () => void;
  readonly offset: number;
  /** A log rings no bell: how often it is looked at. */
  readonly lookAgainMilliseconds: number;
  /** So many looks in vain are followed by a sign of life. */
  readonly looksPerHeartbeat: number;
  readonly stopping: AbortSignal;
  readonly over: AbortSignal;
}

/** A log as it grows, as server-sent events in pieces that are made only when the client has taken in the one before. */
export async function* logEvents(options: LogStreamOptions): AsyncGenerator<string> {
  const { read, isOver, stopping, over } = options;
  const bell = createBell(options.lookAgainMilliseconds);
  const unsubscribe = options.subscribe(bell.ring);
  over.addEventListener('abort', bell.ring);
  let offset = options.offset;
  let vain = 0;
  try {
    yield streamOpening;
    for (;;) {
      // Asked before the reading, so that its last line is among what is read.
      const isComplete = await isOver();
      const { text, nextOffset, ended } = await read(offset);
      offset = nextOffset;
      if (text !== '') yield eventText('log', offset, { text, next_offset: offset });
      vain = text === '' ? vain + 1 : 0;
      if (ended && isComplete) {
        yield eventText('log-ended', offset, { next_offset: offset });
        return;
      }
      if (stopping.aborted) yield eventText('end', null, { reason: 'the service stops; connect again later' });
      if (over.aborted) return;
      if (ended) await bell.heard();
      if (vain >= options.looksPerHeartbeat) {
        vain = 0;
        yield ': heartbeat\n\n';
      }
    }
  } finally {
    over.removeEventListener('abort', bell.ring);
    unsubscribe();
    bell.silence();
  }
}
