import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  executionIndexes,
  idOfMember,
  instanceIndexes,
  memberOfId,
  skippedIndex,
  stepsIndex,
} from '../../src/domain/document-index.ts';
import { batchStatuses, type BatchStatus, type JobExecution } from '../../src/domain/execution.ts';
import {
  contextDocument,
  documentChange,
  documentKeys,
  documentRemoval,
  executionDocument,
  type IndexMember,
  instanceDocument,
  instanceKeyDocument,
  laterChange,
  leaseDocument,
  skippedDocument,
  skippedKeyOfMember,
  type StateDocument,
  stepDocument,
} from '../../src/domain/execution-documents.ts';
import { decodeContext, decodeExecution, decodeInstance, decodeStep } from '../../src/domain/execution-text.ts';
import { decodeSkipped } from '../../src/domain/skipped-text.ts';
import { decodeLease } from '../../src/domain/lease.ts';
import type { StoredDocumentChange } from '../../src/ports/store.ts';
import * as sample from './execution-samples.ts';
import { at } from './scenario.ts';

const execution: JobExecution = {
  id: 7,
  instanceId: 3,
  jobName: 'Load.Orders-1',
  status: 'STARTING',
  exitCode: 'EXECUTING',
  exitMessage: '',
  createdAt: at('2026-11-21'),
  startedAt: null,
  endedAt: null,
  updatedAt: at('2026-11-21'),
  parameters: new Map(),
  forced: false,
  batch: null,
  launchedBy: 'cron',
  takeovers: 0,
  stopRequestedBy: null,
};

const padded = '0000000000000007';

function membersOf({ members }: StateDocument): Record<string, string> {
  return Object.fromEntries(members.map(({ index, member }) => [index, member]));
}

describe('documents', () => {
  test('an execution is found by status, job, instance, start and whether it lives', () => {
    const starting = executionDocument(execution);
    expect(starting).toMatchObject({ collection: 'execution', id: '7' });
    expect(decodeExecution(starting.text)).toEqual(execution);
    expect(membersOf(starting)).toEqual({
      executions: padded,
      'executions:job:Load.Orders-1': padded,
      'executions:instance:3': padded,
      'executions:live': padded,
      'executions:live:job:Load.Orders-1': padded,
      'executions:waiting:default': `3 ${padded}`,
    });
    const ended = executionDocument({ ...execution, status: 'COMPLETED', startedAt: at('2026-11-21T21:53:34.23') });
    expect(membersOf(ended)).toEqual({
      executions: padded,
      'executions:status:COMPLETED': padded,
      'executions:job:Load.Orders-1': padded,
      'executions:instance:3': padded,
      'executions:started': `2026-11-21T21:53:34.230000 ${padded}`,
    });
  });

  test('what waits is found by its queue, in the order in which it is to be begun, until it has begun', () => {
    const urgent = { ...execution, queue: 'etl', priority: 'very_high' } as const;
    expect(decodeExecution(executionDocument(urgent).text)).toEqual(urgent);
    expect(membersOf(executionDocument(urgent))).toMatchObject({ 'executions:waiting:etl': `1 ${padded}` });
    const notBefore = at('2026-11-21T21:53:34.23');
    const delayed = { ...execution, notBefore };
    expect(decodeExecution(executionDocument(delayed).text)).toEqual(delayed);
    expect(membersOf(executionDocument(delayed))).toMatchObject({
      'executions:delayed:default': `2026-11-21T21:53:34.230000 ${padded}`,
    });
    for (const waiting of [urgent, delayed])
      for (const over of [{ startedAt: notBefore }, { status: 'ABANDONED' }] as const)
        expect(Object.keys(membersOf(executionDocument({ ...waiting, ...over }))).join(' ')).not.toMatch(
          /waiting|delayed/,
        );
  });

  test('only what runs or is about to lives', () => {
    const live = batchStatuses.filter(
      (status) => executionIndexes.live in membersOf(executionDocument({ ...execution, status })),
    );
    expect(live).toEqual(['STARTING', 'STARTED', 'STOPPING'] satisfies BatchStatus[]);
  });

  test('all else is where its key says, and its text is read back', () => {
    fc.assert(
      fc.property(sample.instance, sample.step, sample.skipped, sample.context, (instance, step, skipped, context) => {
        const lease = { executionId: step.executionId, conductor: 'c', takenAt: step.startedAt };
        const job = { ...instance, jobName: 'Load' };
        expect(instanceDocument(job)).toMatchObject(documentKeys.instance(job.id));
        expect(decodeInstance(instanceDocument(job).text)).toEqual(job);
        expect(membersOf(instanceDocument(job))).toEqual({
          [instanceIndexes.all]: memberOfId(job.id),
          [instanceIndexes.ofJob('Load')]: memberOfId(job.id),
        });
        expect(stepDocument(step)).toMatchObject(documentKeys.step(step.executionId, step.id));
        expect(decodeStep(stepDocument(step).text)).toEqual(step);
        expect(membersOf(stepDocument(step))).toEqual({ [stepsIndex(step.executionId)]: memberOfId(step.id) });
        expect(decodeSkipped(skippedDocument(skipped, step.id).text)).toEqual(skipped);
        expect(decodeContext(contextDocument(step.executionId, context).text)).toEqual(context);
        expect(contextDocument(5, context)).toMatchObject({ ...documentKeys.context(5), members: [] });
        expect(decodeLease(leaseDocument(lease).text)).toEqual(lease);
        expect(leaseDocument(lease)).toMatchObject({ ...documentKeys.lease(step.executionId), members: [] });
      }),
    );
  });

  test('an instance is found by its key', () => {
    const key = 'a'.repeat(64);
    expect(instanceKeyDocument({ key, id: 12 })).toEqual({ ...documentKeys.instanceKey(key), text: '12', members: [] });
  });

  test('a skipped item is found by its member', () => {
    fc.assert(
      fc.property(sample.skipped, fc.nat(), (skipped, stepExecutionId) => {
        const document = skippedDocument(skipped, stepExecutionId);
        const [member] = document.members.filter(({ index }) => index === skippedIndex(skipped.executionId));
        expect(skippedKeyOfMember(skipped.executionId, member?.member ?? '')).toEqual({
          collection: document.collection,
          id: `${skipped.executionId}:${stepExecutionId}:${skipped.number}`,
        });
      }),
    );
  });

  test('names, ids and members are what a store takes', () => {
    const printable = /^[\x21-\x7e]+$/;
    fc.assert(
      fc.property(sample.execution, sample.step, sample.skipped, (execution, step, skipped) => {
        const documents = [executionDocument(execution), stepDocument(step), skippedDocument(skipped, step.id)];
        for (const { collection, id, members } of documents) {
          expect(collection).toMatch(/^[a-z-]+$/);
          expect(id).toMatch(printable);
          expect(id.length).toBeLessThanOrEqual(200);
          for (const { index, member } of members) {
            expect(index).toMatch(printable);
            expect(index.length).toBeLessThanOrEqual(300);
            expect(member).toMatch(/^[\x20-\x7e]{1,400}$/);
          }
        }
      }),
    );
  });

  test('the index of a job is its own', () => {
    const names = ['a', 'a:b', 'a%3Ab', 'a b', 'live:job', 'ä', 'A'];
    const indexes = names.flatMap((name) => [executionIndexes.ofJob(name), executionIndexes.liveOfJob(name)]);
    expect(new Set(indexes).size).toBe(indexes.length);
    expect(indexes.filter((index) => !/^[\x21-\x7e]+$/.test(index))).toEqual([]);
  });
});

describe('members of an index', () => {
  test('sort like their ids', () => {
    const id = fc.oneof(fc.nat(), fc.maxSafeNat());
    fc.assert(
      fc.property(id, id, (one, other) => {
        expect(memberOfId(one) < memberOfId(other)).toBe(one < other);
        expect(idOfMember(memberOfId(one))).toBe(one);
        expect(idOfMember(`2026-11-21T21:53:34.230000 ${memberOfId(one)}`)).toBe(one);
      }),
    );
  });

  test.each(['', '7', 'a000000000000007', '000000000000000x'])('%j has no id', (member) => {
    expect(() => idOfMember(member)).toThrow(TypeError);
  });
});

describe('a change of a document', () => {
  const running = executionDocument({ ...execution, status: 'STARTED', startedAt: at('2026-11-21') });

  test('of a new one adds all members and expects none', () => {
    const change: StoredDocumentChange = documentChange(null, running);
    expect(change).toEqual({
      kind: 'document',
      collection: 'execution',
      id: '7',
      expected: null,
      text: running.text,
      add: running.members,
      remove: [],
    });
  });

  test('is made when somebody asks what it is, and once', () => {
    let made = 0;
    const change: StoredDocumentChange = laterChange(documentKeys.execution(7), () => {
      made += 1;
      return documentChange({ revision: 4, members: [] }, running);
    });
    expect({ kind: change.kind, collection: change.collection, id: change.id, made }).toEqual({
      kind: 'document',
      collection: 'execution',
      id: '7',
      made: 0,
    });
    const { expected, text, add, remove } = change;
    expect({ expected, text, add, remove, made }).toEqual({
      expected: 4,
      text: running.text,
      add: running.members,
      remove: [],
      made: 1,
    });
  });

  test('carries the members that differ, and no others', () => {
    const ended = executionDocument({ ...execution, status: 'FAILED', startedAt: at('2026-11-21') });
    const change = documentChange({ revision: 4, members: running.members }, ended);
    expect(change).toEqual({
      kind: 'document',
      collection: 'execution',
      id: '7',
      expected: 4,
      text: ended.text,
      add: [{ index: 'executions:status:FAILED', member: padded }],
      remove: [
        { index: 'executions:live', member: padded },
        { index: 'executions:live:job:Load.Orders-1', member: padded },
      ],
    });
  });

  test('that removes it removes it from all indexes', () => {
    const change: StoredDocumentChange = documentRemoval({ ...running, revision: 5 });
    expect(change).toEqual({
      kind: 'document',
      collection: 'execution',
      id: '7',
      expected: 5,
      text: null,
      add: [],
      remove: running.members,
    });
  });

  test('leads from any members to any others', () => {
    const entry: fc.Arbitrary<IndexMember> = fc.record({
      index: fc.constantFrom('a', 'a:b', 'b'),
      member: fc.constantFrom('1', '2', 'b 1'),
    });
    const asText = ({ index, member }: IndexMember): string => JSON.stringify([index, member]);
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), (before, after) => {
        const change = documentChange({ revision: 1, members: before }, { ...running, members: after });
        const held = new Set(before.map(asText));
        for (const removed of change.remove) expect(held.delete(asText(removed))).toBe(true);
        for (const added of change.add) {
          expect(held.has(asText(added))).toBe(false);
          held.add(asText(added));
        }
        expect(held).toEqual(new Set(after.map(asText)));
        const touched = [...change.add, ...change.remove].map(asText);
        expect(new Set(touched).size).toBe(touched.length);
      }),
    );
  });
});
