import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { assertDocumentChanges } from '../../domain/document-rules.ts';
import { BatchyError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Commit, CommitOutcome, Store } from '../../ports/store.ts';
import { applyCommit, forgetExpired } from './commit-writer.ts';
import { lockedTooLong, sleepBefore, type SqliteConnection } from './connection.ts';
import { isBusy } from './driver-errors.ts';
import { assertKnownSchema } from './open-file.ts';

interface Waiting {
  readonly commit: Commit;
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
  /** By the monotonic clock, in milliseconds. */
  readonly deadline: number;
  /** It was in a group that failed: it gets a transaction of its own, so that one commit's fault is not another's. */
  alone: boolean;
}

/** A transaction much longer than this would hold up other processes and the event loop for no gain. */
const largestGroup = 256;

/** Commits after which to look for operations whose time is over: a look at each of them would cost as much as writing it. */
const forgetAfter = 32;

/**
 * The store's commits, grouped: flushing a transaction to the disk costs the same for one commit as for many, so all that
 * were asked for within one turn of the event loop share one. Each is compared and applied for itself, and answered when
 * the transaction is on the disk.
 */
export class CommitQueue implements Store {
  readonly #connection: SqliteConnection;
  readonly #clock: Clock;
  readonly #onJournaled: () => void;
  #waiting: Waiting[] = [];
  #draining: Promise<void> | null = null;
  #closed = false;
  /** Commits since the last look for operations whose time is over; the first commit looks. */
  #remembered = forgetAfter - 1;

  /** `onJournaled` is called after each transaction that added to the journal. */
  constructor(connection: SqliteConnection, clock: Clock, onJournaled: () => void) {
    this.#connection = connection;
    this.#clock = clock;
    this.#onJournaled = onJournaled;
  }

  commit(commit: Commit): Promise<CommitOutcome> {
    if (this.#closed)
      return Promise.reject(new BatchyError('store-unavailable', `The store ${this.#connection.file} is closed.`));
    return new Promise((resolve, reject) => {
      assertDocumentChanges(commit.changes);
      this.#waiting.push({
        commit,
        resolve,
        reject,
        deadline: performance.now() + this.#connection.lockPatience,
        alone: false,
      });
      this.#draining ??= this.#drain();
    });
  }

  /** Takes no more commits; resolves when those that wait are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
  }

  async #drain(): Promise<void> {
    let busyInARow = 0;
    while (this.#waiting.length > 0) {
      await (busyInARow === 0 ? nextTurn() : delay(sleepBefore(busyInARow)));
      busyInARow = (await this.#writeGroup(this.#takeGroup())) === 'busy' ? busyInARow + 1 : 0;
    }
    this.#draining = null;
  }

  #takeGroup(): Waiting[] {
    const firstAlone = this.#waiting.findIndex(({ alone }) => alone);
    const size = firstAlone === 0 ? 1 : Math.min(largestGroup, firstAlone < 0 ? this.#waiting.length : firstAlone);
    return this.#waiting.splice(0, size);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<'busy' | 'settled'> {
    let outcomes: readonly CommitOutcome[];
    try {
      const now = await this.#clock.now();
      this.#connection.assertInPlace();
      outcomes = this.#connection.transaction(() => {
        assertKnownSchema(this.#connection);
        const applied = group.map(({ commit }) => applyCommit(this.#connection, commit, now));
        this.#forget(applied, now);
        return applied;
      });
    } catch (error) {
      return this.#groupFailed(group, error);
    }
    for (const [index, { resolve }] of group.entries()) resolve(outcomes[index] as CommitOutcome);
    if (outcomes.some((outcome) => outcome.kind === 'committed' && outcome.sequences.length > 0)) this.#onJournaled();
    return 'settled';
  }

  #forget(applied: readonly CommitOutcome[], now: Instant): void {
    for (const { kind } of applied) if (kind === 'committed') this.#remembered += 1;
    if (this.#remembered < forgetAfter) return;
    // Twice as many as were added, so that what is remembered does not grow without anybody pruning.
    forgetExpired(this.#connection, now, 2 * this.#remembered);
    this.#remembered = 0;
  }

  #groupFailed(group: readonly Waiting[], error: unknown): 'busy' | 'settled' {
    if (isBusy(error)) {
      const now = performance.now();
      for (const { deadline, reject } of group) if (deadline <= now) reject(lockedTooLong(this.#connection, error));
      this.#waiting.unshift(...group.filter(({ deadline }) => deadline > now));
      return 'busy';
    }
    if (group.length === 1) {
      group[0]?.reject(this.#connection.translate(error));
      return 'settled';
    }
    for (const waiting of group) waiting.alone = true;
    this.#waiting.unshift(...group);
    return 'settled';
  }
}
