import { requiredCapabilities } from '../domain/capability.ts';
import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import type { Heartbeat } from '../domain/heartbeat.ts';
import type { JobDefinition } from '../domain/job.ts';
import { decodeLease } from '../domain/lease.ts';
import { decodePart, type Part, partKeyOfMember, partsIndex } from '../domain/part.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import { readOrPassOver } from './readable.ts';

/** Of the live executions of a job, and of parts that are offered, no more are looked through. */
const mostLookedThrough = 100;

/**
 * Executions and parts of such that wait for what nobody who is online may have: what to do, by what is missing. Where none is
 * online nothing is read: that is told otherwise.
 * @param online conductors that take what is launched
 * @param jobs as far as they are known here
 * @throws BatchyError `store-unavailable`
 */
export async function missingCapabilities(
  documents: DocumentReader,
  online: readonly Heartbeat[],
  jobs: Iterable<JobDefinition>,
): Promise<ReadonlyMap<string, string>> {
  const warnings = new Map<string, string>();
  if (online.length === 0) return warnings;
  const isThere = (required: readonly string[]): boolean =>
    online.some(({ about }) => required.every((name) => about?.capabilities.includes(name)));
  const warn = (required: readonly string[], what: string): void => {
    const names = required.join(', ');
    if (!warnings.has(`capabilities ${names}`)) warnings.set(`capabilities ${names}`, describe(names, what));
  };
  for (const definition of jobs) {
    const required = requiredCapabilities(definition);
    if (isThere(required)) continue;
    const id = await firstUnowned(documents, definition.name);
    if (id !== null) warn(required, `execution ${id} (${definition.name}) waits`);
  }
  for (const { executionId, stepName, capabilities } of await offeredParts(documents))
    if (!isThere(capabilities)) warn(capabilities, `step ${stepName} of execution ${executionId} waits`);
  return warnings;
}

function describe(names: string, what: string): string {
  return `No process that is online has ${names}: ${what} for it. Start one on a machine that has it; batchy conductors shows what each has.`;
}

/** The oldest execution of a job that is live and nobody's. */
async function firstUnowned(documents: DocumentReader, jobName: string): Promise<number | null> {
  const ids = (await first(documents, executionIndexes.liveOfJob(jobName))).map(idOfMember);
  const leases = await documents.get(ids.map(documentKeys.lease));
  const place = leases.findIndex((lease) => lease === null || readOrPassOver(lease, decodeLease)?.conductor === null);
  return ids[place] ?? null;
}

async function offeredParts(documents: DocumentReader): Promise<Part[]> {
  const members = await first(documents, partsIndex);
  const found = await documents.get(members.map(partKeyOfMember));
  return found.flatMap((stored) => {
    const part = readOrPassOver(stored, decodePart);
    return part === null || part.conductor !== null ? [] : [part];
  });
}

function first(documents: DocumentReader, index: string): Promise<string[]> {
  return documents.scan({ index, prefix: '', direction: 'ascending', beyond: null, limit: mostLookedThrough });
}
