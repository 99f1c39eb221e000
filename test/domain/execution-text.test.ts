import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type JobExecution, noCounters, type StepExecution } from '../../src/domain/execution.ts';
import {
  contextFields,
  decodeContext,
  decodeExecution,
  decodeInstance,
  decodeStep,
  encodeContext,
  encodeExecution,
  encodeInstance,
  encodeStep,
  executionFields,
  instanceFields,
  stepFields,
} from '../../src/domain/execution-text.ts';
import { decodeSkipped, encodeSkipped, skippedFields } from '../../src/domain/skipped-text.ts';
import { parseJson, stringifyJson } from '../../src/domain/json.ts';
import { decodeLease, encodeLease } from '../../src/domain/lease.ts';
import * as sample from './execution-samples.ts';
import { at, refusal } from './scenario.ts';

/** Written, read and written again: the same text, and nothing else than what was written. */
function holdsWhole<Value>(
  arbitrary: fc.Arbitrary<Value>,
  encode: (value: Value) => string,
  decode: (text: string) => Value,
) {
  fc.assert(
    fc.property(arbitrary, (value) => {
      const text = encode(value);
      const read = decode(text);
      expect(read).toEqual(value);
      expect(encode(read)).toBe(text);
    }),
  );
}

const loadOrders: JobExecution = {
  id: 7,
  instanceId: 3,
  jobName: 'LoadOrders',
  status: 'FAILED',
  exitCode: 'FAILED',
  exitMessage: 'Something went wrong!',
  createdAt: at('2026-11-21T21:53:34.230001'),
  startedAt: at('2026-11-21T21:53:35'),
  endedAt: null,
  updatedAt: at('2026-11-21T21:53:36'),
  parameters: new Map([['x', { type: 'float', value: parseJson('[1.0]'), identifying: true }]]),
  forced: false,
  batch: {
    workflow: 'orders',
    jobs: null,
    batchId: 1795211614,
    backfill: false,
    from: at('2026-11-20'),
    until: at('2026-11-21'),
  },
  launchedBy: 'cron',
  takeovers: 1,
  stopRequestedBy: null,
};

const load: StepExecution = {
  id: 11,
  executionId: 7,
  instanceId: 3,
  stepName: 'Load',
  status: 'STARTED',
  exitCode: 'EXECUTING',
  exitMessage: '',
  startedAt: at('2026-11-21T21:53:35'),
  endedAt: null,
  counters: {
    ...noCounters,
    read: 50,
    write: 25,
    filter: 20,
    readSkip: 1,
    processSkip: 2,
    writeSkip: 3,
    commit: 5,
    retry: 4,
  },
  checkpoint: { line: 50 },
};

describe('what is stored of an execution', () => {
  test('an instance is read as it was written', () => {
    holdsWhole(sample.instance, encodeInstance, decodeInstance);
  });
  test('an execution is read as it was written', () => {
    holdsWhole(sample.execution, encodeExecution, decodeExecution);
  });
  test('a step is read as it was written', () => {
    holdsWhole(sample.step, encodeStep, decodeStep);
  });
  test('a skipped item is read as it was written', () => {
    holdsWhole(sample.skipped, encodeSkipped, decodeSkipped);
  });
  test('a context is read as it was written', () => {
    holdsWhole(sample.context, encodeContext, (text) => decodeContext(text));
  });
  test('a lease is read as it was written', () => {
    const lease = { executionId: 7, conductor: 'host-1', takenAt: at('2026-11-21T21:53:35.123456') };
    expect(decodeLease(encodeLease(lease))).toEqual(lease);
    const nobodys = { ...lease, conductor: null };
    expect(decodeLease(encodeLease(nobodys))).toEqual(nobodys);
  });

  test('the order of parameters is kept, whole numbers among their names too', () => {
    const parameter = { type: 'integer', value: 1, identifying: true } as const;
    const parameters = new Map([
      ['b', parameter],
      ['10', parameter],
      ['9', parameter],
    ]);
    const read = decodeExecution(encodeExecution({ ...loadOrders, parameters }));
    expect([...read.parameters.keys()]).toEqual(['b', '10', '9']);
  });

  test('an execution knows the one before it, where there was one', () => {
    expect(decodeExecution(encodeExecution({ ...loadOrders, previousId: 5 })).previousId).toBe(5);
    expect(decodeExecution(encodeExecution(loadOrders))).not.toHaveProperty('previousId');
  });

  test('fields of a newer version are passed over', () => {
    const text = encodeStep(load).replace('{', '{"newer":[1.0],');
    expect(decodeStep(text)).toEqual(load);
  });

  const stored = encodeExecution(loadOrders);
  test.each([
    ['it is no JSON.', ''],
    ['it is no JSON.', 'nothing'],
    ['it is no JSON object', '[]'],
    ['it is no JSON object', 'null'],
    ['it has no ', '{}'],
    ['its id is no count', stored.replace('"id":7', '"id":"7"')],
    ['its id is no count', stored.replace('"id":7', '"id":7.5')],
    ['its id is no count', stored.replace('"id":7', '"id":-7')],
    ['its status is no STARTING', stored.replace('"FAILED"', '"BROKEN"')],
    ['its last_updated is no time', stored.replace('2026-11-21T21:53:36', '2026-13-21T21:53:36')],
    ['its forced is no boolean', stored.replace('"forced":false', '"forced":0')],
    ['its exit_code is no text', stored.replace('"exit_code":"FAILED"', '"exit_code":null')],
    ['a job execution (batch) was not', stored.replace('"jobs":null', '"jobs":[1]')],
    ['its batch is no object', stored.replace(/"batch":\{.*?\}/, '"batch":[]')],
    ['a job execution (parameters) was not', stored.replace('"type":"float"', '"type":"double"')],
    ['its parameters is no list', stored.replace(/"parameters":.*/, '"parameters":{}}')],
  ])('an execution of which %s is refused (%#)', (problem, text) => {
    expect(text).not.toBe(stored);
    expect(refusal(() => decodeExecution(text))).toBe('foreign-data');
    expect(() => decodeExecution(text)).toThrow(problem);
  });

  test.each([
    ['a job instance', decodeInstance],
    ['a step execution', decodeStep],
    ['a skipped item', decodeSkipped],
    ['the context of an execution', decodeContext],
    ['the lease of an execution', decodeLease],
  ])('other text is refused as %s', (what, decode) => {
    for (const text of ['', '7', '"a"', '[]']) {
      expect(refusal(() => decode(text))).toBe('foreign-data');
      expect(() => decode(text)).toThrow(what);
    }
  });
});

describe('what is answered', () => {
  test('an execution, without its parameters', () => {
    expect(executionFields(loadOrders)).toEqual({
      id: 7,
      job_instance_id: 3,
      job_name: 'LoadOrders',
      status: 'FAILED',
      create_time: '2026-11-21T21:53:34.230001',
      start_time: '2026-11-21T21:53:35.000000',
      end_time: null,
      last_updated: '2026-11-21T21:53:36.000000',
      exit_code: 'FAILED',
      exit_message: 'Something went wrong!',
      forced: false,
      replay: null,
      batch: {
        workflow: 'orders',
        jobs: null,
        batch_id: 1795211614,
        backfill: false,
        from_date: '2026-11-20T00:00:00.000000',
        to_date: '2026-11-21T00:00:00.000000',
      },
      launched_by: 'cron',
      takeovers: 1,
      stop_requested_by: null,
    });
  });

  test('a step, its skips summed up, without its checkpoint', () => {
    expect(stepFields(load)).toEqual({
      id: 11,
      job_execution_id: 7,
      job_instance_id: 3,
      step_name: 'Load',
      status: 'STARTED',
      start_time: '2026-11-21T21:53:35.000000',
      end_time: null,
      exit_code: 'EXECUTING',
      exit_message: '',
      retry_count: 4,
      read_count: 50,
      write_count: 25,
      filter_count: 20,
      commit_count: 5,
      rollback_count: 0,
      skip_count: 6,
      read_skip_count: 1,
      process_skip_count: 2,
      write_skip_count: 3,
    });
  });

  test('an instance', () => {
    const instance = {
      id: 3,
      jobName: 'LoadOrders',
      key: 'ab12',
      parameters: loadOrders.parameters,
      createdAt: at('2026-11-21'),
      lastExecutionId: null,
      steps: new Map(),
    };
    expect(instanceFields(instance)).toEqual({
      id: 3,
      job_name: 'LoadOrders',
      job_key: 'ab12',
      create_time: '2026-11-21T00:00:00.000000',
      last_execution_id: null,
    });
  });

  test('a skipped item, its numbers as they were', () => {
    const fields = skippedFields({
      executionId: 7,
      stepName: 'Load',
      number: 2,
      phase: 'process',
      item: parseJson('{"price":1.0}'),
      types: [{ path: ['price'], type: 'number' }],
      output: null,
      obstacle: null,
      position: 'line 12',
      error: 'Error: no price',
      triedBy: 9,
      replayedBy: null,
    });
    expect(stringifyJson(fields)).toBe(
      '{"job_execution_id":7,"step_name":"Load","number":2,"phase":"process","item":{"price":1.0},"output":null,"position":"line 12","error":"Error: no price","obstacle":null,"tried_by":9,"replayed_by":null}',
    );
  });

  test('a skipped item that was kept before there were replays cannot be replayed', () => {
    const text =
      '{"job_execution_id":7,"step_name":"Load","number":2,"phase":"process","item":1,"position":null,"error":"no"}';
    expect(decodeSkipped(text)).toMatchObject({
      item: 1,
      types: [],
      obstacle: expect.stringContaining('a version of Batchy') as string,
    });
  });

  test('a context, whatever its keys are', () => {
    const context = new Map([
      ['path', 'a.csv'],
      ['__proto__', 'own'],
    ]);
    expect(stringifyJson(contextFields(context))).toBe('{"path":"a.csv","__proto__":"own"}');
  });
});
