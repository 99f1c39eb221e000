import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import { documentKeys, documentRemoval } from '../domain/execution-documents.ts';
import { conductorsIndex, heartbeatDocument, heartbeatKey, readHeartbeat } from '../domain/heartbeat.ts';
import { decodeLease } from '../domain/lease.ts';
import { type Instant, nanosecondsPerSecond } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import type { Store } from '../ports/store.ts';
import type { Timers } from '../ports/timers.ts';
import { readOrPassOver } from './readable.ts';

/** Forgets conductors that are long gone. */
export interface ConductorRetention {
  /** @returns how many were forgotten. @throws BatchyError `store-unavailable` */
  readonly prune: () => Promise<number>;
}

export interface ConductorRetentionOptions {
  readonly documents: DocumentReader;
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Pick<Timers, 'monotonic'>;
  /** A fresh, unique id for each commit. */
  readonly operationId: () => string;
  /** A conductor whose sign of life stands still for so long is gone. */
  readonly leaseSeconds: number;
}

/** By then all has been taken over that can be, and nobody asks any more why its process ended. */
const keptSeconds = 86_400;
/** Conductors that one pruning looks at: there are few, unless processes die all the time. */
const mostLookedAt = 500;
const pageSize = 500;
const keepSeconds = 600;

interface Sign {
  readonly conductor: string;
  readonly revision: number;
}

/**
 * Whoever ends in good order takes its sign of life away; that of a process that was killed would stay for good. It is
 * removed when it is a day old by the clock of the store and, since clocks may be set, did not change while it was watched.
 * Should its process have been suspended and come back, it gives a new one.
 */
export function createConductorRetention(options: ConductorRetentionOptions): ConductorRetention {
  const { documents, store, clock, timers, operationId, leaseSeconds } = options;
  let seen = new Map<string, { readonly revision: number; readonly since: number }>();

  async function oldSigns(now: Instant): Promise<Sign[]> {
    const conductors = await documents.scan({
      ...ascending,
      index: conductorsIndex,
      beyond: null,
      limit: mostLookedAt,
    });
    const found = await documents.get(conductors.map(heartbeatKey));
    return conductors.flatMap((conductor, index): Sign[] => {
      const stored = found[index] ?? null;
      const sign = readOrPassOver(stored, readHeartbeat);
      if (stored === null || sign === null) return [];
      const isOld = now - sign.at > BigInt(keptSeconds) * nanosecondsPerSecond;
      return isOld ? [{ conductor, revision: stored.revision }] : [];
    });
  }

  /** Those that did not change for as long as a lease lasts, by the clock of this process. */
  function unchanged(signs: readonly Sign[]): Sign[] {
    const now = timers.monotonic();
    const next: typeof seen = new Map();
    const still = signs.filter(({ conductor, revision }) => {
      const before = seen.get(conductor);
      const since = before?.revision === revision ? before.since : now;
      next.set(conductor, { revision, since });
      return now - since >= leaseSeconds * 1000;
    });
    seen = next;
    return still;
  }

  /** Whoever goes on with what it ran is told why it ended, however much later. */
  async function owners(): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (let beyond: string | null = null; ;) {
      const live: string[] = await documents.scan({
        ...ascending,
        index: executionIndexes.live,
        beyond,
        limit: pageSize,
      });
      const leases = await documents.get(live.map((member) => documentKeys.lease(idOfMember(member))));
      for (const lease of leases) {
        const owner = readOrPassOver(lease, decodeLease)?.conductor ?? null;
        if (owner !== null) found.add(owner);
      }
      if (live.length < pageSize) return found;
      beyond = live.at(-1) ?? null;
    }
  }

  return {
    async prune() {
      const now = await clock.now();
      const gone = unchanged(await oldSigns(now));
      if (gone.length === 0) return 0;
      const owning = await owners();
      const over = gone.filter(({ conductor }) => !owning.has(conductor));
      if (over.length === 0) return 0;
      const outcome = await store.commit({
        operation: { id: operationId(), fingerprint: '', answer: null, keepSeconds },
        changes: over.map(({ conductor, revision }) =>
          documentRemoval({ ...heartbeatDocument({ conductor, at: now }), revision }),
        ),
        journal: [],
      });
      // Where one of them has changed, or another process was faster, the next pruning looks again.
      return outcome.kind === 'conflict' ? 0 : over.length;
    },
  };
}

const ascending = { prefix: '', direction: 'ascending' } as const;
