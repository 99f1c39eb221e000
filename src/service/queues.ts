import { createHash } from 'node:crypto';

import type { JournalEntry } from '../domain/change.ts';
import { BatchyError } from '../domain/errors.ts';
import { documentChange, documentKeys } from '../domain/execution-documents.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import { allTitle, type Limits } from '../domain/gate.ts';
import { queueBookDocument } from '../domain/gate-text.ts';
import { quoteBriefly } from '../domain/names.ts';
import { allQueues, queueNameProblem } from '../domain/queue-name.ts';
import {
  limitQueue,
  type QueueBook,
  type QueueSettings,
  usualSettings,
  withSettings,
} from '../domain/queue-settings.ts';
import { floorToMicrosecond, type Instant } from '../domain/time.ts';
import { defaultQueue } from '../domain/work.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import type { StoredAnswer } from '../ports/store.ts';
import type { Answered, Caller, Commands } from './commands.ts';
import type { JobCatalog } from './job-catalog.ts';
import { countQueues, type QueueCounts, sumOf } from './queue-counts.ts';
import { readBook } from './queue-records.ts';
import { readOrPassOver } from './readable.ts';

/** A queue, or all of them together, as somebody decided. */
export interface ShownQueue {
  readonly name: string;
  readonly settings: QueueSettings;
  /** Of the settings. */
  readonly etag: string;
}

export interface QueueOverview extends ShownQueue, Omit<QueueCounts, 'oldestWaiting'> {
  readonly oldestWaiting: { readonly executionId: number; readonly createdAt: Instant } | null;
}

/** Limits that are to hold; what is absent stays as it is, `null` takes the limit away. */
export type NewLimits = { readonly [Limit in keyof Limits]?: Limits[Limit] };

type Render = (shown: ShownQueue) => StoredAnswer;

interface Decided {
  readonly next: QueueSettings;
  readonly reason: string;
}

/** The use cases of queues: what waits in them, and what lets it wait. */
export interface Queues {
  /** By name, all queues together last. @throws BatchyError `store-unavailable` */
  list(): Promise<QueueOverview[]>;
  /** @throws BatchyError `unknown-queue` */
  get(name: string): Promise<QueueOverview>;
  /**
   * Limits a queue, which need not be known before.
   * @param ifMatch the ETag of the settings that are meant, or `null`: whatever they are
   * @throws BatchyError `unknown-queue` for what is no name of one, `precondition-failed`
   */
  limit(name: string, limits: NewLimits, ifMatch: string | null, caller: Caller, render: Render): Promise<Answered>;
  /** Nothing of it is begun until it is resumed; what runs goes on. @throws BatchyError `unknown-queue` */
  pause(name: string, reason: string | null, caller: Caller, render: Render): Promise<Answered>;
  /** @throws BatchyError `unknown-queue` */
  resume(name: string, caller: Caller, render: Render): Promise<Answered>;
}

export interface QueuesOptions {
  readonly documents: DocumentReader;
  readonly commands: Pick<Commands, 'runBeside'>;
  readonly catalog: Pick<JobCatalog, 'jobs'>;
  /** Tells the conductor that there is something to look at. */
  readonly onChange: () => void;
}

export function createQueues({ documents, commands, catalog, onChange }: QueuesOptions): Queues {
  function namesOf(book: QueueBook): Set<string> {
    const ofJobs = [...catalog.jobs().values()].map(({ definition }) => definition.queue ?? defaultQueue);
    return new Set([defaultQueue, ...ofJobs, ...[...book.keys()].filter((name) => name !== allQueues)]);
  }

  async function list(): Promise<QueueOverview[]> {
    const { value: book } = await readBook(documents);
    const counts = await countQueues(documents, namesOf(book));
    const queues = [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
    const all = [...queues, [allQueues, sumOf(counts.values())] as const];
    const oldest = [...new Set(all.flatMap(([, { oldestWaiting }]) => oldestWaiting))];
    const found = await documents.get(oldest.map(documentKeys.execution));
    const created = new Map<number, Instant>();
    for (const [place, id] of oldest.entries()) {
      const execution = readOrPassOver(found[place], decodeExecution);
      if (execution !== null) created.set(id, execution.createdAt);
    }
    return all.map(([name, each]) => ({
      ...each,
      ...shown(name, book),
      oldestWaiting: oldestIn(each.oldestWaiting, created),
    }));
  }

  /** A slip of the pen would pause nothing, and say that it had. */
  async function checkKnown(name: string): Promise<void> {
    checkName(name);
    const { value: book } = await readBook(documents);
    if (name === allQueues || namesOf(book).has(name)) return;
    if ((await countQueues(documents, namesOf(book))).has(name)) return;
    throw unknownQueue(name, namesOf(book));
  }

  async function change(
    name: string,
    caller: Caller,
    render: Render,
    decide: (settings: QueueSettings, now: Instant, revision: number) => Decided | null,
    ifMatch: string | null = null,
  ): Promise<Answered> {
    const answered = await commands.runBeside('queue settings', caller, async (at) => {
      const { value: book, before } = await readBook(documents);
      if (ifMatch !== null) checkMatch(shown(name, book), ifMatch);
      const now = floorToMicrosecond(at);
      const decided = decide(book.get(name) ?? usualSettings, now, (before?.revision ?? 0) + 1);
      if (decided === null) return { beside: null, answer: render(shown(name, book)) };
      const next = withSettings(book, name, decided.next);
      return {
        beside: {
          documents: [documentChange(before, queueBookDocument(next))],
          journal: [entry(now, caller, decided.reason)],
        },
        answer: render(shown(name, next)),
      };
    });
    onChange();
    return answered;
  }

  return {
    list,
    async get(name) {
      checkName(name);
      const queues = await list();
      const found = queues.find((queue) => queue.name === name);
      if (found === undefined)
        throw unknownQueue(
          name,
          queues.map((queue) => queue.name),
        );
      return found;
    },

    async limit(name, limits, ifMatch, caller, render) {
      checkName(name);
      return change(
        name,
        caller,
        render,
        (settings, now, revision) => {
          const after = { ...settings.limits, ...limits };
          const reason = `limits of ${titleOf(name)}: ${limitsText(after)}, before: ${limitsText(settings.limits)}`;
          return { next: limitQueue(settings, after, now, revision), reason };
        },
        ifMatch,
      );
    },

    async pause(name, reason, caller, render) {
      await checkKnown(name);
      return change(name, caller, render, (settings, now) =>
        settings.pause === null || settings.pause.reason !== reason
          ? {
              next: { ...settings, pause: { by: caller.name, since: settings.pause?.since ?? now, reason } },
              reason: `pause of ${titleOf(name)}${reason === null ? '' : `: ${reason}`}`,
            }
          : null,
      );
    },

    async resume(name, caller, render) {
      await checkKnown(name);
      return change(name, caller, render, (settings) =>
        settings.pause === null
          ? null
          : { next: { ...settings, pause: null }, reason: `resumption of ${titleOf(name)}` },
      );
    },
  };
}

/** The first of which it is known when it was launched. */
function oldestIn(ids: readonly number[], created: ReadonlyMap<number, Instant>): QueueOverview['oldestWaiting'] {
  for (const executionId of ids) {
    const createdAt = created.get(executionId);
    if (createdAt !== undefined) return { executionId, createdAt };
  }
  return null;
}

function shown(name: string, book: QueueBook): ShownQueue {
  const settings = book.get(name) ?? usualSettings;
  return { name, settings, etag: etagOf(settings) };
}

function titleOf(name: string): string {
  return name === allQueues ? allTitle : `queue ${name}`;
}

function limitsText({ places, rate }: Limits): string {
  const limits = [
    ...(places === null ? [] : [`${places} at a time`]),
    ...(rate === null ? [] : [`${rate.max} per ${rate.seconds} s`]),
  ];
  return limits.join(', ') || 'no limits';
}

function entry(at: Instant, caller: Caller, reason: string): JournalEntry {
  return { type: 'queue-changed', workflow: null, at, by: caller.name, reason, batchId: null, jobs: [] };
}

function checkName(name: string): void {
  const problem = name === allQueues ? null : queueNameProblem(name);
  if (problem !== null) throw new BatchyError('unknown-queue', `There is no such queue: ${problem}.`);
}

function unknownQueue(name: string, known: Iterable<string>): BatchyError {
  return new BatchyError(
    'unknown-queue',
    `There is no queue ${quoteBriefly(name)}: no job names it, and nothing waits in it. There are ${[...new Set([...known, allQueues])].join(', ')}.`,
  );
}

function etagOf(settings: QueueSettings): string {
  const text = queueBookDocument(new Map([['', settings]])).text;
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
}

function checkMatch({ name, etag }: ShownQueue, ifMatch: string): void {
  if (ifMatch.split(',').some((candidate) => ['*', etag].includes(candidate.trim()))) return;
  throw new BatchyError(
    'precondition-failed',
    `Queue ${quoteBriefly(name)} was changed since you read it. Read GET /queues/${name} again, look at the change, and repeat with the new ETag.`,
  );
}
