import { idOfMember, memberOfId, stepsIndex } from '../domain/document-index.ts';
import type { JobExecution, JobInstance, SkippedItem, StepExecution } from '../domain/execution.ts';
import {
  contextDocument,
  documentChange,
  type DocumentChange,
  documentKeys,
  executionDocument,
  instanceDocument,
  leaseDocument,
  type ReadDocument,
  skippedKeyOfMember,
  type StateDocument,
  type StateDocumentKey,
  stepDocument,
} from '../domain/execution-documents.ts';
import { decodeContext, decodeExecution, decodeInstance, decodeStep } from '../domain/execution-text.ts';
import {
  decodeFlowOutline,
  decodeFlowRecord,
  emptyFlowRecord,
  type FlowOutline,
  type FlowRecord,
} from '../domain/flow-text.ts';
import { decodePart, partKeyOfMember, partsOfExecution, type StoredPart } from '../domain/part.ts';
import { decodeSkipped } from '../domain/skipped-text.ts';
import type { Json } from '../domain/json.ts';
import { decodeLease, type Lease } from '../domain/lease.ts';
import { decodeDoubts, type WindowInDoubt } from '../domain/windows-in-doubt.ts';
import type { DocumentReader, IndexPage, StoredDocument } from '../ports/document-reader.ts';

/** Something as it was read, with what a change of it must be compared with. */
export interface Kept<T> extends ReadDocument {
  readonly value: T;
}

/** Reads what executions left in the store. `null` where there is none. */
export interface ExecutionRecords {
  execution(id: number): Promise<Kept<JobExecution> | null>;
  executions(ids: readonly number[]): Promise<JobExecution[]>;
  instance(id: number): Promise<Kept<JobInstance> | null>;
  instances(ids: readonly number[]): Promise<JobInstance[]>;
  /** The newest instance with these parameters, and what a newer one must be compared with. */
  newestInstance(key: string): Promise<NewestInstance>;
  /** The latest step execution of each step of an instance, in full. */
  latestSteps(instance: JobInstance): Promise<ReadonlyMap<string, StepExecution>>;
  steps(executionId: number): Promise<StepExecution[]>;
  /** The same, with what a change of them must be compared with. */
  keptSteps(executionId: number): Promise<Kept<StepExecution>[]>;
  context(executionId: number): Promise<Kept<ReadonlyMap<string, Json>> | null>;
  /** @param members of an index of skipped items */
  skipped(executionId: number, members: readonly string[]): Promise<KeptSkip[]>;
  /** Of a flow: its tasks as they were made. `null` where nobody has picked it up, or it is of no flow. */
  flowOutline(executionId: number): Promise<FlowOutline | null>;
  /** Of a flow: what belongs to none of its tasks. */
  flowRecord(executionId: number): Promise<FlowRecord>;
  lease(executionId: number): Promise<Kept<Lease> | null>;
  /** What conductors may run of an execution beside its owner, or do. */
  parts(executionId: number): Promise<StoredPart[]>;
  /** What another launch of a job that counts its executions must be compared with. */
  latestLaunch(jobKey: string): Promise<ReadDocument | null>;
  /** Of a workflow. */
  doubts(workflow: string): Promise<Kept<readonly WindowInDoubt[]> | null>;
  /** Ids that an index holds. */
  ids(page: IndexPage): Promise<number[]>;
  /** What an index holds. */
  members(page: IndexPage): Promise<string[]>;
  reserve(sequence: 'execution' | 'instance'): Promise<number>;
}

/** There are as many at a time as a step has run at a time. */
const mostParts = 10_000;

export interface KeptSkip {
  readonly item: SkippedItem;
  /** By which lists go on behind it. */
  readonly member: string;
}

export interface NewestInstance {
  /** Of the key itself; `null` where there is none yet. */
  readonly key: ReadDocument | null;
  readonly instance: Kept<JobInstance> | null;
}

/** How many documents are read at a time. */
const stride = 500;

export function createExecutionRecords(documents: DocumentReader): ExecutionRecords {
  async function one<T>(
    key: StateDocumentKey,
    decode: (text: string) => T,
    membersOf: (value: T) => StateDocument['members'],
  ): Promise<Kept<T> | null> {
    const [found] = await documents.get([key]);
    if (found === undefined || found === null) return null;
    const value = decode(found.text);
    return { value, revision: found.revision, members: membersOf(value) };
  }

  /** One that was removed in this very moment is left out. */
  async function existing(keys: readonly StateDocumentKey[]): Promise<StoredDocument[]> {
    const all: StoredDocument[] = [];
    for (let first = 0; first < keys.length; first += stride) {
      const found = await documents.get(keys.slice(first, first + stride));
      all.push(...found.filter((document): document is StoredDocument => document !== null));
    }
    return all;
  }

  async function many<T>(keys: readonly StateDocumentKey[], decode: (text: string) => T): Promise<T[]> {
    return (await existing(keys)).map(({ text }) => decode(text));
  }

  const records: ExecutionRecords = {
    execution: (id) => one(documentKeys.execution(id), decodeExecution, (value) => executionDocument(value).members),
    executions: (ids) => many(ids.map(documentKeys.execution), decodeExecution),
    instance: (id) => one(documentKeys.instance(id), decodeInstance, (value) => instanceDocument(value).members),
    instances: (ids) => many(ids.map(documentKeys.instance), decodeInstance),
    async newestInstance(key) {
      for (let before: string | null = null; ;) {
        const [found] = await documents.get([documentKeys.instanceKey(key)]);
        if (found === undefined || found === null) return { key: null, instance: null };
        const instance = await records.instance(Number(found.text));
        // One that is not there was forgotten in between, and its key with it; another may have the key by now.
        if (instance !== null || found.text === before)
          return { key: { revision: found.revision, members: [] }, instance };
        before = found.text;
      }
    },
    async latestSteps({ steps }) {
      const keys = [...steps.values()].map((latest) => documentKeys.step(latest.executionId, latest.stepExecutionId));
      return new Map((await many(keys, decodeStep)).map((step) => [step.stepName, step]));
    },
    steps: async (executionId) => (await records.keptSteps(executionId)).map(({ value }) => value),
    async keptSteps(executionId) {
      const ids: number[] = [];
      for (let beyond: string | null = null; ; beyond = memberOfId(ids.at(-1) ?? 0)) {
        const page: number[] = await records.ids({
          index: stepsIndex(executionId),
          prefix: '',
          direction: 'ascending',
          beyond,
          limit: stride,
        });
        ids.push(...page);
        if (page.length < stride) break;
      }
      const found = await existing(ids.map((id) => documentKeys.step(executionId, id)));
      return found.map(({ text, revision }) => {
        const value = decodeStep(text);
        return { value, revision, members: stepDocument(value).members };
      });
    },
    context: (executionId) =>
      one(documentKeys.context(executionId), decodeContext, (value) => contextDocument(executionId, value).members),
    async flowOutline(executionId) {
      const [found] = await many([documentKeys.flowOutline(executionId)], decodeFlowOutline);
      return found ?? null;
    },
    async flowRecord(executionId) {
      const [found] = await many([documentKeys.flow(executionId)], decodeFlowRecord);
      return found ?? emptyFlowRecord;
    },
    async skipped(executionId, members) {
      const found = await documents.get(members.map((member) => skippedKeyOfMember(executionId, member)));
      return members.flatMap((member, index): KeptSkip[] => {
        const stored = found[index] ?? null;
        return stored === null ? [] : [{ member, item: decodeSkipped(stored.text) }];
      });
    },
    lease: (executionId) => one(documentKeys.lease(executionId), decodeLease, (value) => leaseDocument(value).members),
    async parts(executionId) {
      const page = { prefix: '', direction: 'ascending', beyond: null, limit: mostParts } as const;
      const members = await documents.scan({ ...page, index: partsOfExecution(executionId) });
      const found = members.length === 0 ? [] : await documents.get(members.map(partKeyOfMember));
      return found.flatMap((stored) =>
        stored === null ? [] : { part: decodePart(stored.text), revision: stored.revision },
      );
    },
    latestLaunch: (jobKey) => one(documentKeys.latestLaunch(jobKey), Number, () => []),
    doubts: (workflow) => one(documentKeys.doubts(workflow), decodeDoubts, () => []),
    ids: async (page) => (await documents.scan(page)).map(idOfMember),
    members: (page) => documents.scan(page),
    reserve: (sequence) => documents.reserve(sequence, 1),
  };
  return records;
}

/** The change that makes `after` of what was read; `null`: it is new. */
export function changeOf(before: ReadDocument | null, after: StateDocument): DocumentChange {
  return documentChange(before, after);
}
