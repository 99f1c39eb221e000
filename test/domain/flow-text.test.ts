import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import { scopeKinds } from '../../src/domain/flow.ts';
import { compileFlow } from '../../src/domain/flow-compile.ts';
import type { Attempt, FlowFailure } from '../../src/domain/flow-state.ts';
import {
  decodeFlowOutline,
  decodeFlowRecord,
  emptyFlowRecord,
  encodeFlowOutline,
  encodeFlowRecord,
  failuresText,
  type FlowOutline,
  type FlowRecord,
  outlineOf,
} from '../../src/domain/flow-text.ts';
import { linearFlow, task, times, unorderedFlow } from '../../src/authoring/index.ts';
import { json } from './execution-samples.ts';
import { refusal } from './scenario.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 });
const count = fc.nat();
const orNull = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(value, { nil: null });
const failures: fc.Arbitrary<FlowFailure[]> = fc.array(
  fc.record({
    task: text,
    during: fc.constantFrom('execute', 'revert'),
    error: fc.record({ name: text, message: text }),
  }),
  { maxLength: 3 },
);
const attempt: fc.Arbitrary<Attempt> = fc.record({ value: json, failures }, { requiredKeys: ['failures'] });
const record: fc.Arbitrary<FlowRecord> = fc.record({
  attempts: fc
    .uniqueArray(fc.tuple(text, fc.array(attempt, { maxLength: 3 })), { maxLength: 3, selector: ([name]) => name })
    .map((entries) => new Map(entries)),
  unwinding: orNull(
    fc.record({ scopes: fc.array(text, { maxLength: 3 }), next: fc.constantFrom('retry', 'end'), failures }),
  ),
});
const outline: fc.Arbitrary<FlowOutline> = fc.record({
  name: text,
  nodes: fc.array(
    fc.record({
      name: text,
      kind: fc.constantFrom('task', ...scopeKinds),
      scope: orNull(count),
      parents: fc.array(count, { maxLength: 3 }),
      retry: orNull(text),
      hasRevert: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
});

describe('what is stored of a flow', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(record, (value) => {
        expect(decodeFlowRecord(encodeFlowRecord(value))).toEqual(value);
      }),
    );
    fc.assert(
      fc.property(outline, (value) => {
        expect(decodeFlowOutline(encodeFlowOutline(value))).toEqual(value);
      }),
    );
    expect(decodeFlowRecord(encodeFlowRecord(emptyFlowRecord))).toEqual(emptyFlowRecord);
  });

  test.each(['', '[]', '{}', '{"nodes": 1, "attempts": []}', '{"name": "f", "nodes": [{"kind": "loop"}]}'])(
    'may be what nobody has written: %s',
    (stored) => {
      expect(refusal(() => decodeFlowRecord(stored))).toBe('foreign-data');
      expect(refusal(() => decodeFlowOutline(stored))).toBe('foreign-data');
    },
  );
});

it('an outline is what a flow looks like', () => {
  const execute = (): void => {};
  const { flow } = compileFlow(
    linearFlow('l', { retry: times(2) }, [
      task('a', { execute, revert: execute }),
      unorderedFlow('u', [task('b', { execute })]),
    ]).declaration,
  );
  expect(outlineOf(flow)).toEqual({
    name: 'l',
    nodes: [
      { name: 'l', kind: 'linear', scope: null, parents: [], retry: 'times', hasRevert: false },
      { name: 'a', kind: 'task', scope: 0, parents: [], retry: null, hasRevert: true },
      { name: 'u', kind: 'unordered', scope: 0, parents: [1], retry: null, hasRevert: false },
      { name: 'b', kind: 'task', scope: 2, parents: [], retry: null, hasRevert: false },
    ],
  });
});

it('failures are told each with its task', () => {
  const error = { name: 'Error', message: 'no room' };
  expect(
    failuresText([
      { task: 'a', during: 'execute', error },
      { task: 'b', during: 'revert', error },
    ]),
  ).toBe('a: no room; b (revert): no room');
});
