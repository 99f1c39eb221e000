import { decodeExecution } from '../../../src/domain/execution-text.ts';
import { isLive } from '../../../src/domain/execution-transitions.ts';
import { readHeartbeat } from '../../../src/domain/heartbeat.ts';
import { decodeLease } from '../../../src/domain/lease.ts';
import { decodePart } from '../../../src/domain/part.ts';
import type { StoredDocument } from '../../../src/ports/document-reader.ts';
import type { DocumentMove } from '../history/history.ts';
import type { Rule } from './rule.ts';

const byConductor = /^conductor (\S+)$/;

function conductorOf(lease: StoredDocument | null): string | null {
  return lease === null ? null : decodeLease(lease.text).conductor;
}

/**
 * What a conductor tells of an execution it tells while the lease is its own, or the part of the execution that it tells of: a stale
 * fence has no effect (I5).
 */
export function onlyTheOwnerWrites(): Rule {
  /** By execution and step. */
  const ownersOfParts = new Map<string, string | null>();
  return {
    see({ changes, entries, find }) {
      const parts = changes.filter(({ collection }) => collection === 'part');
      for (const { after } of parts) {
        if (after === null) continue;
        const { executionId, stepName, conductor } = decodePart(after.text);
        ownersOfParts.set(`${executionId} ${stepName}`, conductor);
      }
      const broken = entries.flatMap(({ sequence, entry: { by, execution } }) => {
        const [, writer] = byConductor.exec(by) ?? [];
        if (writer === undefined || execution === undefined) return [];
        const owner = conductorOf(find('lease', execution.id));
        if (owner === writer || ownersOfParts.get(`${execution.id} ${execution.stepName}`) === writer) return [];
        return [`entry ${sequence} of execution ${execution.id} is by ${writer}, while ${owner} owned it`];
      });
      // The end of a part is told together with its removal.
      for (const { before, after } of parts) {
        if (before === null || after !== null) continue;
        const { executionId, stepName } = decodePart(before.text);
        ownersOfParts.delete(`${executionId} ${stepName}`);
      }
      return broken;
    },
  };
}

/** A lease, whose revision is the fence, stays as long as its execution is live: a new one would begin at 1 again. */
export function leasesOutliveTheirExecution(): Rule {
  return {
    see: ({ changes, find }) =>
      changes.flatMap(({ collection, id, after }) => {
        if (collection !== 'lease' || after !== null) return [];
        const execution = find('execution', id);
        return execution !== null && isLive(decodeExecution(execution.text).status)
          ? [`the lease of execution ${id} was removed while that was live`]
          : [];
      }),
  };
}

/**
 * Nobody takes what another still owns: only once that one has given no sign of life for as long as a lease lasts, or has gone in
 * good order.
 * @param leaseSeconds of all conductors
 */
export function onlyTheLostAreTakenFrom(leaseSeconds: number): Rule {
  return {
    see: ({ changes, find }) =>
      changes.flatMap(({ collection, id, before, after }) => {
        if ((collection !== 'lease' && collection !== 'part') || before === null || after === null) return [];
        const [{ conductor: owner }, taken] = [takenBy(collection, before), takenBy(collection, after)];
        // Given back, or taken once more by an owner whose attempt came to grief.
        if (owner === null || taken.conductor === null || taken.conductor === owner) return [];
        const sign = find('conductor', owner);
        if (sign === null) return [];
        const silentSeconds = Number(taken.at - readHeartbeat(sign.text).at) / 1e9;
        return silentSeconds >= leaseSeconds
          ? []
          : [`${collection} ${id} was taken from ${owner}, silent for ${silentSeconds.toFixed(1)} s`];
      }),
  };
}

function takenBy(collection: 'lease' | 'part', { text }: StoredDocument) {
  if (collection === 'part') {
    const { conductor, since } = decodePart(text);
    return { conductor, at: since };
  }
  const { conductor, takenAt } = decodeLease(text);
  return { conductor, at: takenAt };
}

/** Takeovers are counted one by one, each with another lease. */
export function takeoversAreCounted(): Rule {
  const counted = (move: DocumentMove): number =>
    move.before === null || move.after === null
      ? 0
      : decodeExecution(move.after.text).takeovers - decodeExecution(move.before.text).takeovers;
  return {
    see: ({ changes }) =>
      changes.flatMap((move) => {
        if (move.collection !== 'execution') return [];
        const more = counted(move);
        const isTaken = changes.some(({ collection, id }) => collection === 'lease' && id === move.id);
        return more === 0 || (more === 1 && isTaken) ? [] : [`execution ${move.id} counts ${more} takeovers at once`];
      }),
  };
}
