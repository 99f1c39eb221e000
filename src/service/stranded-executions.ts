import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import { conductorsIndex, heartbeatKey, leaseSecondsOf, readEnding } from '../domain/heartbeat.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import type { Timers } from '../ports/timers.ts';
import type { Conductors } from './conductors.ts';

/** Whether executions wait on a store that no process runs jobs of. Conductors tell of what they cannot run; where there is none, nobody would. */
export interface StrandedExecutions {
  /** @throws BatchyError `store-unavailable` */
  look(): Promise<void>;
  /** As it was at the last look; `null` where nothing waits, or somebody is there. */
  warning(): string | null;
}

export interface StrandedExecutionsOptions {
  readonly documents: DocumentReader;
  readonly timers: Pick<Timers, 'monotonic'>;
  /** A conductor whose sign of life stands still for so long is gone. */
  readonly leaseSeconds: number;
  /** Why this service runs none, and what to do, as a sentence. */
  readonly whyNotHere: () => string;
  /** Told once, until somebody has been there again. */
  readonly tell: (warning: string) => void;
}

/** More than so many are not counted, and conductors not looked at. */
const mostCounted = 100;
const mostConductors = 500;

/**
 * As it is at this moment, by what the store tells: for who looks once.
 * @param whatToDo a sentence
 * @throws BatchyError `store-unavailable`
 */
export async function strandedNow(
  documents: DocumentReader,
  conductors: Pick<Conductors, 'list'>,
  whatToDo: string,
): Promise<string | null> {
  const waiting = await firstOf(documents, executionIndexes.live, mostCounted);
  if (waiting.length === 0 || (await conductors.list(true)).some(({ state }) => state === 'online')) return null;
  return describe(documents, waiting, whatToDo);
}

export function createStrandedExecutions(options: StrandedExecutionsOptions): StrandedExecutions {
  const { documents, timers, leaseSeconds, whyNotHere, tell } = options;
  const lease = leaseSeconds * 1000;
  let seen = new Map<string, { readonly revision: number; readonly since: number }>();
  /** From when on nobody was seen. */
  let since: number | null = null;
  let warning: string | null = null;

  /** Judged by watching, since no clock of another machine can be compared with ours. */
  async function isSomebodyThere(): Promise<boolean> {
    const conductors = await firstOf(documents, conductorsIndex, mostConductors);
    const signs = await documents.get(conductors.map(heartbeatKey));
    const now = timers.monotonic();
    const next: typeof seen = new Map();
    let living = 0;
    for (const [index, conductor] of conductors.entries()) {
      const sign = signs[index] ?? null;
      if (sign === null || readEnding(sign.text) !== null) continue;
      const before = seen.get(conductor);
      const unchanged = before?.revision === sign.revision ? before.since : now;
      next.set(conductor, { revision: sign.revision, since: unchanged });
      if (now - unchanged < leaseSecondsOf(sign.text, leaseSeconds) * 1000) living += 1;
    }
    seen = next;
    return living > 0;
  }

  return {
    async look() {
      const waiting = await firstOf(documents, executionIndexes.live, mostCounted);
      if (waiting.length === 0 || (await isSomebodyThere())) {
        since = null;
        warning = null;
        return;
      }
      since ??= timers.monotonic();
      // A process that has just been started, or replaces another one, is on its way.
      if (timers.monotonic() - since < lease) return;
      const before = warning;
      warning = await describe(documents, waiting, whyNotHere());
      if (before === null && warning !== null) tell(warning);
    },
    warning: () => warning,
  };
}

function firstOf(documents: DocumentReader, index: string, limit: number): Promise<readonly string[]> {
  return documents.scan({ index, prefix: '', direction: 'ascending', beyond: null, limit });
}

/** @param members of the index of those that are live, oldest first @param advice a sentence */
async function describe(documents: DocumentReader, members: readonly string[], advice: string): Promise<string | null> {
  const [oldest] = members;
  if (oldest === undefined) return null;
  const [stored = null] = await documents.get([documentKeys.execution(idOfMember(oldest))]);
  // It has ended in this moment.
  if (stored === null) return null;
  const { id, jobName, status } = decodeExecution(stored.text);
  const count = members.length < mostCounted ? String(members.length) : `${mostCounted} or more`;
  const what = members.length === 1 ? '1 execution waits' : `${count} executions wait`;
  return `No process runs jobs: ${what} for one, the oldest is execution ${id} (${jobName}, ${status}). ${advice}`;
}
