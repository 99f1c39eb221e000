import { decodeJournalEntry, executionStatusOf, isOffer } from '../../domain/change-text.ts';
import type { Journal, JournalPage, JournaledEntry } from '../../ports/journal.ts';
import type { SqliteConnection } from './connection.ts';

/** How often to look for commits of other processes while somebody listens, in milliseconds. */
const lookEvery = 200;

/** The journal, and the watch over it. `committed` is to be called after commits of this process. */
export interface SqliteJournal extends Journal {
  committed(): void;
  close(): void;
}

export function createSqliteJournal(connection: SqliteConnection): SqliteJournal {
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | null = null;
  let seenVersion: unknown;

  function notify(): void {
    for (const listener of listeners) {
      // Each on its own, so that one that throws keeps neither the others nor the store from going on.
      queueMicrotask(() => {
        if (listeners.has(listener)) listener();
      });
    }
  }

  function look(): void {
    const version = readVersion();
    if (version === undefined || version === seenVersion) return;
    seenVersion = version;
    notify();
  }

  /** SQLite's `data_version` changes when another connection has committed, and only then. */
  function readVersion(): unknown {
    try {
      return connection.pragma('data_version');
    } catch {
      // Locked or out of order just now: the next look finds what changed, and requests tell of what is broken.
      return undefined;
    }
  }

  function stopLooking(): void {
    if (timer !== null) clearInterval(timer);
    timer = null;
  }

  return {
    read: (page) => connection.whenFree(() => readPage(connection, page)),
    executionStatuses: (beyond, limit) =>
      connection.whenFree(() => {
        const rows = connection.all<{ sequence: number; entry: string }>(
          'SELECT sequence, entry FROM journal WHERE sequence > ? ORDER BY sequence LIMIT ?',
          beyond,
          limit,
        );
        return {
          last: rows.at(-1)?.sequence ?? beyond,
          isMore: rows.length === limit,
          statuses: new Set(rows.flatMap(({ entry }) => executionStatusOf(entry) ?? [])),
          offersParts: rows.some(({ entry }) => isOffer(entry)),
        };
      }),
    bounds: () =>
      connection.whenFree(() => {
        const row = connection.get<{ first: number; last: number }>(
          'SELECT coalesce((SELECT min(sequence) FROM journal), 0) AS first, coalesce((SELECT max(sequence) FROM journal), 0) AS last',
        );
        return { first: row?.first ?? 0, last: row?.last ?? 0 };
      }),
    subscribe(onChange) {
      // A function of its own: the same `onChange` may subscribe twice.
      const listener = (): void => onChange();
      listeners.add(listener);
      if (timer === null) {
        seenVersion = readVersion();
        timer = setInterval(look, lookEvery).unref();
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) stopLooking();
      };
    },
    committed: notify,
    close() {
      listeners.clear();
      stopLooking();
    },
  };
}

function readPage(connection: SqliteConnection, { workflow, direction, beyond, limit }: JournalPage): JournaledEntry[] {
  const [comparison, order, start] =
    direction === 'ascending' ? ['>', 'ASC', 0] : ['<', 'DESC', Number.MAX_SAFE_INTEGER];
  const rows = connection.all<{ sequence: number; entry: string }>(
    `SELECT sequence, entry FROM journal WHERE ${workflow === null ? '' : 'workflow = ? AND '}sequence ${comparison} ? ORDER BY sequence ${order} LIMIT ?`,
    ...(workflow === null ? [] : [workflow]),
    beyond ?? start,
    limit,
  );
  return rows.map(({ sequence, entry }) => ({ sequence, entry: decodeJournalEntry(entry) }));
}
