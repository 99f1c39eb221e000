import type { JournalEntry } from '../domain/change.ts';
import type { History } from '../service/history.ts';
import { createBell } from './bell.ts';
import { journaledFields } from './wire.ts';

export interface EventStreamOptions {
  readonly read: History['journal'];
  readonly bounds: History['journalBounds'];
  /** Calls back when there may be something new to read, until the returned function is called. */
  readonly subscribe: (onChange: () => void) => () => void;
  /** Only this workflow's entries, or `null` for all. */
  readonly workflow: string | null;
  /** Which of them to tell; all when absent. */
  readonly selects?: (entry: JournalEntry) => boolean;
  /** What the stream ends with, once all that led to it has been told; `null` as long as it goes on. */
  readonly conclusion?: () => Promise<Conclusion | null>;
  /** The sequence number beyond which to begin. */
  readonly after: number;
  /** The client missed what is no longer kept: the first sequence number that still is. */
  readonly gapUpTo: number | null;
  readonly heartbeatMilliseconds: number;
  /** The service stops: the stream says so and ends. */
  readonly stopping: AbortSignal;
  /** The client has gone, or the service stops. */
  readonly over: AbortSignal;
}

export interface Conclusion {
  readonly event: string;
  readonly data: unknown;
}

/** Begins every stream: how long a client should wait before it connects again, in milliseconds. */
export const streamOpening = 'retry: 3000\n\n';
/** Entries read at a time: a slow client holds no more than this in memory. */
const entriesAtOnce = 100;

/**
 * The journal as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), in pieces that are
 * made only when the client has taken in the one before.
 *
 * Nothing is lost or doubled where reading what was turns into hearing of what comes: a notice only says that there may be
 * something, and what is sent is always read from the journal, beyond the last number sent.
 */
export async function* journalEvents(options: EventStreamOptions): AsyncGenerator<string> {
  const { read, workflow, selects = () => true, conclusion = async () => null, stopping, over } = options;
  const bell = createBell(options.heartbeatMilliseconds);
  const unsubscribe = options.subscribe(bell.ring);
  over.addEventListener('abort', bell.ring);
  let position = options.after;
  try {
    yield streamOpening;
    if (options.gapUpTo !== null) {
      position = options.gapUpTo - 1;
      yield eventText('gap', position, { after: options.after, first_kept: options.gapUpTo });
    }
    for (;;) {
      // Asked before the reading, so that the entries of what it knows are among those read.
      const last = await conclusion();
      const entries = await read({ workflow, direction: 'ascending', beyond: position, limit: entriesAtOnce });
      position = entries.at(-1)?.sequence ?? position;
      const told = entries.filter(({ entry }) => selects(entry));
      if (told.length > 0)
        yield told.map((entry) => eventText(entry.entry.type, entry.sequence, journaledFields(entry))).join('');
      if (last !== null && entries.length < entriesAtOnce) {
        yield eventText(last.event, null, last.data);
        return;
      }
      if (stopping.aborted) yield eventText('end', null, { reason: 'the service stops; connect again later' });
      if (over.aborted) return;
      if (entries.length < entriesAtOnce && !(await bell.heard())) {
        position = await quietPosition(options, position);
        // An id without data moves the client's Last-Event-ID and tells it nothing else.
        yield `: heartbeat\nid: ${position}\n\n`;
      }
    }
  } finally {
    over.removeEventListener('abort', bell.ring);
    unsubscribe();
    bell.silence();
  }
}

/** Up to where this stream has nothing more to tell: a quiet workflow's client need not begin where others' entries are pruned. */
async function quietPosition({ read, bounds, workflow }: EventStreamOptions, position: number): Promise<number> {
  const { last } = await bounds();
  const missed = await read({ workflow, direction: 'ascending', beyond: position, limit: 1 });
  return missed.length === 0 ? Math.max(position, last) : position;
}

/** One event as it is sent. */
export function eventText(event: string, id: number | null, data: unknown): string {
  return `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
