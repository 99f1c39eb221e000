import type { History } from '../service/history.ts';
import { journaledFields } from './wire.ts';

export interface EventStreamOptions {
  readonly read: History['journal'];
  readonly bounds: History['journalBounds'];
  /** Calls back when there may be something new to read, until the returned function is called. */
  readonly subscribe: (onChange: () => void) => () => void;
  /** Only this workflow's entries, or `null` for all. */
  readonly workflow: string | null;
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

/** How long a client should wait before it connects again, in milliseconds. */
const retryMilliseconds = 3000;
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
  const { read, workflow, stopping, over } = options;
  const bell = createBell(options.heartbeatMilliseconds);
  const unsubscribe = options.subscribe(bell.ring);
  over.addEventListener('abort', bell.ring);
  let position = options.after;
  try {
    yield `retry: ${retryMilliseconds}\n\n`;
    if (options.gapUpTo !== null) {
      position = options.gapUpTo - 1;
      yield eventText('gap', position, { after: options.after, first_kept: options.gapUpTo });
    }
    for (;;) {
      const entries = await read({ workflow, direction: 'ascending', beyond: position, limit: entriesAtOnce });
      const last = entries.at(-1);
      if (last !== undefined) {
        position = last.sequence;
        yield entries.map((entry) => eventText(entry.entry.type, entry.sequence, journaledFields(entry))).join('');
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

function eventText(event: string, id: number | null, data: unknown): string {
  return `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Remembers that it rang, so that a ring between two listenings is not missed. */
function createBell(patienceMilliseconds: number) {
  let rung = false;
  let wake: (() => void) | null = null;
  let timer: NodeJS.Timeout | undefined;
  return {
    ring: (): void => {
      rung = true;
      wake?.();
    },
    /** Whether it rang since the last time, or does within the patience. */
    async heard(): Promise<boolean> {
      if (!rung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, patienceMilliseconds);
        });
        clearTimeout(timer);
        wake = null;
      }
      const heard = rung;
      rung = false;
      return heard;
    },
    silence: (): void => clearTimeout(timer),
  };
}
