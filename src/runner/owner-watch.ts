import { BatchyError } from '../domain/errors.ts';
import { type Ending, heartbeatKey, leaseSecondsOf, readEnding } from '../domain/heartbeat.ts';
import type { DocumentReader, StoredDocument } from '../ports/document-reader.ts';
import type { Timers } from '../ports/timers.ts';
import type { LostOwner } from './owner-loss.ts';

/** Tells by its own clock which conductors have given no sign of life for as long as their lease lasts. */
export interface OwnerWatch {
  /**
   * Looks at all of them now.
   * @returns those that are gone, each with what is known of its end, and with the sign by which it is gone; one that was not looked at before is given a
   * lease's time first
   */
  gone(conductors: Iterable<string>): Promise<ReadonlyMap<string, LostOwner>>;
}

const unseen = { because: null, by: null };

/** What counts is whether a sign grows: one that cannot be read must not keep anybody from looking after the others. */
function readOr<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof BatchyError && error.code === 'foreign-data') return otherwise;
    throw error;
  }
}

function endingOf({ text }: StoredDocument): Ending {
  return readOr(() => readEnding(text), null) ?? unseen;
}

/**
 * @param leaseSeconds ours, and that of those who do not tell theirs
 * @param own the name of the conductor that watches; `null`: it gives no sign itself
 */
export function createOwnerWatch(
  documents: DocumentReader,
  timers: Timers,
  leaseSeconds: number,
  own: string | null = null,
): OwnerWatch {
  let seen = new Map<string, { readonly revision: number; readonly stillFor: number }>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let ownSign = { revision: 0, seenAt: Number.NEGATIVE_INFINITY };

  /** Whether our own sign, which comes three times in a lease, does not get through: then nobody’s may, though all can be read. */
  function isMuted(sign: StoredDocument | null, now: number): boolean {
    if (sign === null) return false;
    if (sign.revision !== ownSign.revision) ownSign = { revision: sign.revision, seenAt: now };
    return now - ownSign.seenAt > leaseSeconds * 500;
  }

  function leaseOf({ text }: StoredDocument): number {
    return readOr(() => leaseSecondsOf(text, leaseSeconds), leaseSeconds);
  }

  /** A lease that is shorter than ours may be over before it shows that our own sign does not get through either. */
  function isUnsure(lease: number, now: number): boolean {
    return lease < leaseSeconds * 1000 && ownSign.revision > 0 && now - ownSign.seenAt > lease / 2;
  }

  return {
    async gone(conductors) {
      const ids = [...new Set(conductors)];
      const found = await documents.get([...ids, ...(own === null ? [] : [own])].map(heartbeatKey));
      const now = timers.monotonic();
      const sinceLook = now - lookedAt;
      lookedAt = now;
      const ownFound = own === null ? null : (found[ids.length] ?? null);
      // Whoever took away that of one who lives took those of others, too: signs that found no room for a day look like those of the dead.
      const isForgotten = ownFound === null && ownSign.revision > 0;
      const muted = isForgotten || isMuted(ownFound, now);
      const gone = new Map<string, LostOwner>();
      const next: typeof seen = new Map();
      for (const [index, id] of ids.entries()) {
        const sign = found[index] ?? null;
        // Whoever ends in good order removes its sign of life.
        if (sign === null) {
          if (!isForgotten) gone.set(id, { ...unseen, sign: { ...heartbeatKey(id), expected: null } });
          continue;
        }
        const { revision } = sign;
        const lease = leaseOf(sign) * 1000;
        // Whoever could not look, because the store was away, has not seen that nobody gave a sign: its owners could not either.
        const watched = Math.min(sinceLook, lease / 3);
        const before = seen.get(id);
        const stillFor = before?.revision === revision && !muted ? before.stillFor + watched : 0;
        next.set(id, { revision, stillFor });
        if (stillFor < lease || isUnsure(lease, now)) continue;
        gone.set(id, { ...endingOf(sign), sign: { ...heartbeatKey(id), expected: revision } });
      }
      seen = next;
      return gone;
    },
  };
}
