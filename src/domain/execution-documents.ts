import {
  executionIndexes,
  idOfMember,
  instanceIndexes,
  memberOfDelayed,
  memberOfId,
  memberOfStart,
  memberOfWaiting,
  replayableIndex,
  skippedIndex,
  skippedMember,
  stepsIndex,
  unreplayableIndex,
} from './document-index.ts';
import type { JobExecution, JobInstance, SkippedItem, StepExecution } from './execution.ts';
import { isLive } from './execution-transitions.ts';
import { encodeContext, encodeExecution, encodeInstance, encodeStep } from './execution-text.ts';
import { encodeFlowOutline, encodeFlowRecord, type FlowOutline, type FlowRecord } from './flow-text.ts';
import { encodeSkipped } from './skipped-text.ts';
import type { Json } from './json.ts';
import { encodeLease, type Lease } from './lease.ts';
import { defaultPriority } from './priority.ts';
import { defaultQueue } from './work.ts';
import { encodeDoubts, type WindowInDoubt } from './windows-in-doubt.ts';

/** How instances, executions and what belongs to them become documents of a store (`ports/document-reader.ts`). */

export interface StateDocument extends StateDocumentKey {
  readonly text: string;
  /** All indexes that it is found by. */
  readonly members: readonly IndexMember[];
}

export interface StateDocumentKey {
  readonly collection: string;
  readonly id: string;
}

export interface IndexMember {
  readonly index: string;
  readonly member: string;
}

/** Where each is stored. */
export const documentKeys = {
  instance: (id: number): StateDocumentKey => ({ collection: 'instance', id: String(id) }),
  /** Its text is the id of the instance with that key. */
  instanceKey: (key: string): StateDocumentKey => ({ collection: 'instance-key', id: key }),
  execution: (id: number): StateDocumentKey => ({ collection: 'execution', id: String(id) }),
  step: (executionId: number, stepExecutionId: number): StateDocumentKey => ({
    collection: 'step',
    id: `${executionId}:${stepExecutionId}`,
  }),
  skipped: (executionId: number, stepExecutionId: number, number: number): StateDocumentKey => ({
    collection: 'skipped',
    id: `${executionId}:${stepExecutionId}:${number}`,
  }),
  context: (executionId: number): StateDocumentKey => ({ collection: 'context', id: String(executionId) }),
  /** What is stored of the run of a reversible flow beside its tasks: `flow-text.ts`. */
  flow: (executionId: number): StateDocumentKey => ({ collection: 'flow', id: String(executionId) }),
  /** Its tasks and scopes as they were when it was picked up, for people to look at. */
  flowOutline: (executionId: number): StateDocumentKey => ({ collection: 'flow-outline', id: String(executionId) }),
  lease: (executionId: number): StateDocumentKey => ({ collection: 'lease', id: String(executionId) }),
  latestLaunch: (jobKey: string): StateDocumentKey => ({ collection: 'latest-launch', id: jobKey }),
  doubts: (workflow: string): StateDocumentKey => ({ collection: 'windows-in-doubt', id: workflow }),
} as const;

/** The document of a skipped item that a member of `skippedIndex` stands for. @throws TypeError for anything else */
export function skippedKeyOfMember(executionId: number, member: string): StateDocumentKey {
  const [step = '', number = ''] = member.split(':');
  return documentKeys.skipped(executionId, idOfMember(step), idOfMember(number));
}

export function instanceDocument(instance: JobInstance): StateDocument {
  return {
    ...documentKeys.instance(instance.id),
    text: encodeInstance(instance),
    members: instanceMembers(instance),
  };
}

export function instanceMembers({ id, jobName }: JobInstance): IndexMember[] {
  const member = memberOfId(id);
  return [
    { index: instanceIndexes.all, member },
    { index: instanceIndexes.ofJob(jobName), member },
  ];
}

/** By it an instance is found by its key; and there is only one for a key, however many launches race. */
export function instanceKeyDocument({ key, id }: Pick<JobInstance, 'key' | 'id'>): StateDocument {
  return { ...documentKeys.instanceKey(key), text: String(id), members: [] };
}

export function doubtsDocument(workflow: string, doubts: readonly WindowInDoubt[]): StateDocument {
  return { ...documentKeys.doubts(workflow), text: encodeDoubts(doubts), members: [] };
}

/**
 * Changed by every launch of a job that may have only so many executions at a time: of two launches that have counted the same
 * ones, one is stored. Its text is the id of the execution. @param jobKey hash of the job's name
 */
export function latestLaunchDocument(jobKey: string, executionId: number): StateDocument {
  return { ...documentKeys.latestLaunch(jobKey), text: String(executionId), members: [] };
}

export function executionDocument(execution: JobExecution): StateDocument {
  return {
    ...documentKeys.execution(execution.id),
    text: encodeExecution(execution),
    members: executionMembers(execution),
  };
}

export function executionMembers(execution: JobExecution): IndexMember[] {
  const { id, jobName, instanceId, status, startedAt } = execution;
  const member = memberOfId(id);
  const members = [
    { index: executionIndexes.all, member },
    { index: executionIndexes.ofJob(jobName), member },
    { index: executionIndexes.ofInstance(instanceId), member },
  ];
  if (isLive(status))
    members.push({ index: executionIndexes.live, member }, { index: executionIndexes.liveOfJob(jobName), member });
  else members.push({ index: executionIndexes.ofStatus(status), member });
  if (startedAt !== null) members.push({ index: executionIndexes.started, member: memberOfStart(startedAt, id) });
  else if (isLive(status)) members.push(waitingMember(execution));
  return members;
}

function waitingMember({ id, queue = defaultQueue, priority = defaultPriority, notBefore }: JobExecution): IndexMember {
  return notBefore === undefined
    ? { index: executionIndexes.waiting(queue), member: memberOfWaiting(priority, id) }
    : { index: executionIndexes.delayed(queue), member: memberOfDelayed(notBefore, id) };
}

export function stepDocument(step: StepExecution): StateDocument {
  return {
    ...documentKeys.step(step.executionId, step.id),
    text: encodeStep(step),
    members: stepMembers(step),
  };
}

export function stepMembers({ executionId, id }: StepExecution): IndexMember[] {
  return [{ index: stepsIndex(executionId), member: memberOfId(id) }];
}

export function skippedDocument(skipped: SkippedItem, stepExecutionId: number): StateDocument {
  const { executionId, number, obstacle, replayedBy } = skipped;
  const member = skippedMember(stepExecutionId, number);
  const missing = obstacle === null ? replayableIndex(executionId) : unreplayableIndex(executionId);
  return {
    ...documentKeys.skipped(executionId, stepExecutionId, number),
    text: encodeSkipped(skipped),
    members: [skippedIndex(executionId), ...(replayedBy === null ? [missing] : [])].map((index) => ({ index, member })),
  };
}

/** All that the document of a skipped item may be found by, whatever has become of it. @param member of `skippedIndex` */
export function skippedMembers(executionId: number, member: string): IndexMember[] {
  return [skippedIndex(executionId), replayableIndex(executionId), unreplayableIndex(executionId)].map((index) => ({
    index,
    member,
  }));
}

export function contextDocument(executionId: number, context: ReadonlyMap<string, Json>): StateDocument {
  return { ...documentKeys.context(executionId), text: encodeContext(context), members: [] };
}

export function flowDocument(executionId: number, record: FlowRecord): StateDocument {
  return { ...documentKeys.flow(executionId), text: encodeFlowRecord(record), members: [] };
}

export function flowOutlineDocument(executionId: number, outline: FlowOutline): StateDocument {
  return { ...documentKeys.flowOutline(executionId), text: encodeFlowOutline(outline), members: [] };
}

export function leaseDocument(lease: Lease): StateDocument {
  return { ...documentKeys.lease(lease.executionId), text: encodeLease(lease), members: [] };
}

/** A document as it was read: its revision, and what `…Document` gives for what was read. */
export interface ReadDocument {
  readonly revision: number;
  readonly members: readonly IndexMember[];
}

/** What `ports/store.ts` calls a change of a document. */
export interface DocumentChange extends StateDocumentKey {
  readonly kind: 'document';
  readonly expected: number | null;
  readonly text: string | null;
  readonly add: readonly IndexMember[];
  readonly remove: readonly IndexMember[];
}

/** Writes a document. @param before what it was computed from; `null`: it is new, and the commit conflicts if it is there */
export function documentChange(before: ReadDocument | null, after: StateDocument): DocumentChange {
  const had = before?.members ?? [];
  return {
    kind: 'document',
    collection: after.collection,
    id: after.id,
    expected: before?.revision ?? null,
    text: after.text,
    add: without(after.members, had),
    remove: without(had, after.members),
  };
}

/**
 * A change of the document at `key` that is made when somebody asks what it is: of what changes once more before it is stored,
 * nobody does.
 */
export function laterChange(key: StateDocumentKey, make: () => DocumentChange): DocumentChange {
  return new LaterChange(key, make);
}

class LaterChange implements DocumentChange {
  readonly kind = 'document';
  readonly collection: string;
  readonly id: string;
  readonly #make: () => DocumentChange;
  #made: DocumentChange | null = null;

  constructor({ collection, id }: StateDocumentKey, make: () => DocumentChange) {
    this.collection = collection;
    this.id = id;
    this.#make = make;
  }

  get expected(): number | null {
    return this.#change().expected;
  }

  get text(): string | null {
    return this.#change().text;
  }

  get add(): readonly IndexMember[] {
    return this.#change().add;
  }

  get remove(): readonly IndexMember[] {
    return this.#change().remove;
  }

  #change(): DocumentChange {
    return (this.#made ??= this.#make());
  }
}

/** Removes a document from the store and from all indexes. */
export function documentRemoval(before: ReadDocument & StateDocumentKey): DocumentChange {
  return {
    kind: 'document',
    collection: before.collection,
    id: before.id,
    expected: before.revision,
    text: null,
    add: [],
    remove: without(before.members, []),
  };
}

const nobody: readonly IndexMember[] = [];

/** Each of `members` once, those of `others` left out. A document has few: comparing them costs less than a set of their texts. */
function without(members: readonly IndexMember[], others: readonly IndexMember[]): readonly IndexMember[] {
  if (members.length === 0 || members === others) return nobody;
  return members.filter((entry, place) => {
    const isSame = ({ index, member }: IndexMember): boolean => index === entry.index && member === entry.member;
    return !others.some(isSame) && members.findIndex(isSame) === place;
  });
}
