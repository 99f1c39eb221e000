import { heartbeatKey } from '../domain/heartbeat.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import type { Timers } from '../ports/timers.ts';

/** Tells by its own clock which conductors have given no sign of life for as long as a lease lasts. */
export interface OwnerWatch {
  /** Looks at all of them now. @returns those that are gone; one that was not looked at before is given a lease's time first */
  gone(conductors: Iterable<string>): Promise<ReadonlySet<string>>;
}

export function createOwnerWatch(documents: DocumentReader, timers: Timers, leaseSeconds: number): OwnerWatch {
  let seen = new Map<string, { readonly revision: number; readonly since: number }>();
  return {
    async gone(conductors) {
      const ids = [...new Set(conductors)];
      const found = await documents.get(ids.map(heartbeatKey));
      const now = timers.monotonic();
      const gone = new Set<string>();
      const next: typeof seen = new Map();
      for (const [index, id] of ids.entries()) {
        const revision = found[index]?.revision;
        // Whoever ends in good order removes its sign of life.
        if (revision === undefined) {
          gone.add(id);
          continue;
        }
        const before = seen.get(id);
        const since = before?.revision === revision ? before.since : now;
        next.set(id, { revision, since });
        if (now - since >= leaseSeconds * 1000) gone.add(id);
      }
      seen = next;
      return gone;
    },
  };
}
