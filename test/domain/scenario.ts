import { expect } from 'vitest';

import { type BatchRecord, isLeftOut, type RecordJob, type WorkflowChange } from '../../src/domain/change.ts';
import { noticeClockSkew } from '../../src/domain/clock-skew.ts';
import { loadConfiguration, type LoadRequest } from '../../src/domain/configuration.ts';
import { editJob, type EditRequest } from '../../src/domain/edit-job.ts';
import { endBatch, type EndRequest } from '../../src/domain/end-batch.ts';
import { BatchyError, type ErrorCode } from '../../src/domain/errors.ts';
import type { Json } from '../../src/domain/json.ts';
import { openBatch, type Opened, type OpenRequest } from '../../src/domain/open-batch.ts';
import { type Parameters, readSpecialParameters } from '../../src/domain/special-parameters.ts';
import { type Instant, parseInstant } from '../../src/domain/time.ts';
import {
  decodeLedger,
  decodeWorkflow,
  emptyLedger,
  encodeHead,
  encodeLedger,
  encodeParameters,
  type Workflow,
} from '../../src/domain/workflow.ts';

export function at(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === null) throw new RangeError(text);
  return instant;
}

export type Maps = Readonly<Record<string, Readonly<Record<string, Json>>>>;

export function mapsOf(jobs: Maps): Map<string, Parameters> {
  return new Map(Object.entries(jobs).map(([job, parameters]) => [job, new Map(Object.entries(parameters))]));
}

/** The code with which `work` is refused; fails when it is not. */
export function refusal(work: () => unknown): ErrorCode {
  try {
    work();
  } catch (error) {
    if (error instanceof BatchyError) return error.code;
    throw error;
  }
  return expect.fail('it was not refused');
}

/** Pointers to what `work` is refused for. */
export function places(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof BatchyError) return error.places.map(({ pointer }) => pointer);
    throw error;
  }
  return expect.fail('it was not refused');
}

/** What a rule says of the maps that it makes is what reading them yields. */
export function expectReadAlike({ jobs }: Workflow): void {
  for (const parameters of jobs.values())
    expect(readSpecialParameters(parameters)).toEqual(readSpecialParameters(new Map(parameters)));
}

/** One workflow through its life, the state held as the text that a store would hold. */
export function createScenario(jobs: Maps, initialDate = '1776-07-04T23:59:00') {
  let head: ReadonlyMap<string, string> = new Map();
  let ledger = encodeLedger(emptyLedger);
  const records = new Map<string, BatchRecord>();
  const initial = at(initialDate);

  const workflow = (): Workflow => decodeWorkflow('wf1', { head, ledger }) as Workflow;
  const write = (change: WorkflowChange | null): void => {
    if (change === null) return;
    expectReadAlike(change.next);
    head = encodeHead(change.next);
    ledger = encodeLedger(change.next.ledger);
    for (const { id, opening, jobs: written, only } of change.records) {
      const before = records.get(id);
      if (isLeftOut(only, before?.opening.kind ?? null)) continue;
      const merged = new Map<string, RecordJob>(before?.jobs ?? []);
      for (const [job, { outcome }] of written) merged.set(job, outcome);
      records.set(id, { id, opening: before?.opening ?? opening, jobs: merged });
    }
  };

  const scenario = {
    workflow,
    write,
    records,
    /** Each job's map as plain data. */
    state: (): Record<string, Record<string, Json>> =>
      Object.fromEntries([...workflow().jobs].map(([job, parameters]) => [job, Object.fromEntries(parameters)])),
    texts: (): { head: ReadonlyMap<string, string>; ledger: string } => ({ head, ledger }),
    from: (job = 'job1'): Json | undefined => workflow().jobs.get(job)?.get('from_date'),
    status: (job = 'job1'): Json | undefined => workflow().jobs.get(job)?.get('status'),
    /** Another program writes a field of the hash. */
    foreign(job: string, parameters: Readonly<Record<string, Json>>): void {
      head = new Map([...head, [job, encodeParameters(new Map(Object.entries(parameters)))]]);
    },
    /** Another program removes a field of the hash. */
    forget(job: string): void {
      head = new Map([...head].filter(([field]) => field !== job));
    },
    /** The ledger is gone, as after a restore of the heads alone. */
    loseLedger(): void {
      ledger = encodeLedger(emptyLedger);
    },
    load(now: string, maps: Maps, request: Partial<LoadRequest> = {}): void {
      const configuration = { jobs: mapsOf(maps), infa: null };
      const whole: LoadRequest = {
        mode: 'replace',
        force: false,
        reason: null,
        initialDate: initial,
        by: 'test',
        ...request,
        now: at(now),
      };
      write(loadConfiguration('wf1', head.size === 0 ? null : workflow(), decodeLedger(ledger), configuration, whole));
    },
    open(now: string, request: Partial<OpenRequest> = {}): Opened {
      const whole: OpenRequest = {
        jobs: null,
        initialDate: initial,
        ifOpen: 'reopen',
        force: false,
        reason: null,
        by: 'test',
        owner: null,
        ...request,
        now: at(now),
      };
      const opened = openBatch(workflow(), whole);
      write(opened.change);
      return opened;
    },
    end(now: string, outcome: EndRequest['outcome'], request: Partial<EndRequest> = {}): WorkflowChange | null {
      const record = request.batchId == null ? undefined : records.get(String(request.batchId));
      const whole: EndRequest = {
        jobs: null,
        batchId: null,
        force: false,
        reason: null,
        requireFence: false,
        parameters: new Map(),
        by: 'test',
        owner: null,
        recordedStarts:
          record === undefined ? null : new Map([...record.jobs].map(([job, { batchStart }]) => [job, batchStart])),
        ...request,
        outcome,
        now: at(now),
      };
      const { change } = endBatch(workflow(), whole);
      write(change);
      return change;
    },
    close: (now: string, request: Partial<EndRequest> = {}) => scenario.end(now, 'success', request),
    fail: (now: string, request: Partial<EndRequest> = {}) => scenario.end(now, 'failed', request),
    edit(now: string, request: Partial<EditRequest> = {}): void {
      write(
        editJob(workflow(), {
          job: 'job1',
          set: {},
          remove: [],
          force: false,
          reason: 'because',
          by: 'test',
          ...request,
          now: at(now),
        }),
      );
    },
    notice(now: string): boolean {
      const change = noticeClockSkew(workflow(), at(now));
      write(change);
      return change !== null;
    },
  };
  scenario.load('2026-11-01T00:00:00', jobs);
  return scenario;
}
