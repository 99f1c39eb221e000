import type { JobExecution } from '../domain/execution.ts';
import { documentKeys, type ReadDocument } from '../domain/execution-documents.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import { admit, nobodyPassed } from '../domain/gate.ts';
import { gateKey, queueBookKey, readGate, readQueueBook } from '../domain/gate-text.ts';
import { gateOf, type QueueBook, rulesFor } from '../domain/queue-settings.ts';
import { formatInstant, type Instant } from '../domain/time.ts';
import { defaultQueue } from '../domain/work.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import { readOrPassOver } from './readable.ts';

export interface KeptBook {
  readonly value: QueueBook;
  /** `null`: nothing was ever decided. */
  readonly before: ReadDocument | null;
}

/** What is decided on queues. @throws BatchyError `store-unavailable` */
export async function readBook(documents: DocumentReader): Promise<KeptBook> {
  const [stored = null] = await documents.get([queueBookKey]);
  if (stored === null) return { value: new Map(), before: null };
  return { value: readQueueBook(stored.text), before: { revision: stored.revision, members: [] } };
}

/**
 * Why an execution that nobody has is not begun now, or gone on with: its time has not come, or a gate holds it back.
 * @param maxRunning of its job, where that is limited
 * @throws BatchyError `store-unavailable`
 */
export async function whyHeld(
  documents: DocumentReader,
  { id, jobName, queue = defaultQueue, startedAt, notBefore }: JobExecution,
  maxRunning: number | undefined,
  now: Instant,
): Promise<string | null> {
  if (startedAt === null && notBefore !== undefined && notBefore > now)
    return `its time: it is not begun before ${formatInstant(notBefore)}`;
  const { value: book } = await readBook(documents);
  const rules = rulesFor({ name: jobName, ...(maxRunning === undefined ? {} : { maxRunning }) }, queue, book);
  if (rules.length === 0) return null;
  const stored = (await documents.get(rules.map((rule) => gateKey(rule.id)))).map((each) =>
    each === null ? { ...nobodyPassed, term: '' } : readGate(each.text),
  );
  const ended = await endedOf(documents, [...new Set(stored.flatMap(({ holders }) => holders))]);
  for (const [place, rule] of rules.entries()) {
    const admitted = admit(gateOf(rule, stored[place] ?? nobodyPassed), {
      executionId: id,
      hasBegun: startedAt !== null,
      isTakeover: false,
      isLive: (holder) => !ended.has(holder),
      now,
    });
    if (admitted.kind === 'wait') return admitted.reason;
  }
  return null;
}

/** One that cannot be read may run: it holds its place. */
async function endedOf(documents: DocumentReader, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const found = await documents.get(ids.map(documentKeys.execution));
  return new Set(
    ids.filter((_id, place) => {
      const stored = found[place] ?? null;
      const execution = readOrPassOver(stored, decodeExecution);
      return stored === null || (execution !== null && !isLive(execution.status));
    }),
  );
}
