import { memberOfId } from './document-index.ts';
import type { DocumentChange, StateDocument, StateDocumentKey } from './execution-documents.ts';
import { documentChange, documentRemoval } from './execution-documents.ts';
import type { JobDefinition } from './job.ts';
import { type Json, stringifyJson } from './json.ts';
import { parseStoredObject, storedFields } from './stored-fields.ts';
import { formatInstant, type Instant } from './time.ts';

/**
 * A part of an execution that any conductor may run: a partition, or a distributed step. Its document is there from when it is offered until its
 * step execution has ended, and its revision is the fencing token of whoever has it. Under its id, which holds that of the step execution, there is
 * never a second one: so the token of a part only grows.
 */
export interface Part {
  readonly executionId: number;
  readonly jobName: string;
  readonly instanceId: number;
  /** Reserved when it was offered; its row is there once it has begun. */
  readonly stepExecutionId: number;
  /** Of the row: `name`, or `name:partitionN`. */
  readonly stepName: string;
  /** Its step in the job. */
  readonly step: string;
  /** Its range, where it is a partition. */
  readonly partition: Json;
  /** Where an earlier execution of the instance left it; `null`: at the beginning. */
  readonly checkpoint: Json;
  readonly queue: string;
  /** Names that whoever takes it must have, all of them. */
  readonly capabilities: readonly string[];
  /** The conductor that has it; `null`: nobody's, any may take it. */
  readonly conductor: string | null;
  /** When it was offered, taken or given back last; told to people, never compared with a clock. */
  readonly since: Instant;
  /** How often another conductor went on with it after its owner was lost. */
  readonly takeovers: number;
}

/** A part as it was read. */
export interface StoredPart {
  readonly part: Part;
  readonly revision: number;
}

/** Whether any conductor may run some of it: partitions, and steps that are distributed. */
export function hasParts({ steps }: Pick<JobDefinition, 'steps'>): boolean {
  return steps.some(({ kind, distributed }) => kind === 'partition' || distributed === true);
}

export type PartId = Pick<Part, 'executionId' | 'stepExecutionId'>;

/** Of all parts. */
export const partsIndex = 'parts';

/** Of those of an execution. */
export function partsOfExecution(executionId: number): string {
  return `parts:${executionId}`;
}

export function partKey({ executionId, stepExecutionId }: PartId): StateDocumentKey {
  return { collection: 'part', id: `${executionId}:${stepExecutionId}` };
}

/** The document that a member of the indexes of parts stands for. */
export function partKeyOfMember(member: string): StateDocumentKey {
  const [executionId = '', stepExecutionId = ''] = member.split(':');
  return partKey({ executionId: Number(executionId), stepExecutionId: Number(stepExecutionId) });
}

export function partDocument(part: Part): StateDocument {
  const member = `${memberOfId(part.executionId)}:${memberOfId(part.stepExecutionId)}`;
  return {
    ...partKey(part),
    text: encodePart(part),
    members: [partsIndex, partsOfExecution(part.executionId)].map((index) => ({ index, member })),
  };
}

/** Takes a part as it was read, gives it back, or tells something else of it. */
export function partChange({ part, revision }: StoredPart, after: Part): DocumentChange {
  return documentChange({ revision, members: partDocument(part).members }, partDocument(after));
}

export function partRemoval({ part, revision }: StoredPart): DocumentChange {
  return documentRemoval({ ...partDocument(part), revision });
}

function encodePart(part: Part): string {
  return stringifyJson({
    job_execution_id: part.executionId,
    job_name: part.jobName,
    job_instance_id: part.instanceId,
    step_execution_id: part.stepExecutionId,
    step_name: part.stepName,
    step: part.step,
    partition: part.partition,
    checkpoint: part.checkpoint,
    queue: part.queue,
    capabilities: part.capabilities,
    conductor: part.conductor,
    since: formatInstant(part.since),
    takeovers: part.takeovers,
  });
}

const what = 'a part of an execution';

/** @throws BatchyError `foreign-data` for text that `partDocument` did not write */
export function decodePart(text: string): Part {
  const fields = storedFields(parseStoredObject(text, what), what);
  return {
    executionId: fields.count('job_execution_id'),
    jobName: fields.text('job_name'),
    instanceId: fields.count('job_instance_id'),
    stepExecutionId: fields.count('step_execution_id'),
    stepName: fields.text('step_name'),
    step: fields.text('step'),
    partition: fields.json('partition'),
    checkpoint: fields.json('checkpoint'),
    queue: fields.text('queue'),
    capabilities: fields.textsOrNull('capabilities') ?? [],
    conductor: fields.textOrNull('conductor'),
    since: fields.instant('since'),
    takeovers: fields.count('takeovers'),
  };
}
