import { endBackfill, openBackfill } from '../../src/domain/backfill.ts';
import {
  type BatchRecord,
  isLeftOut,
  type JobMaps,
  type RecordJob,
  type RecordWrite,
  type WorkflowChange,
} from '../../src/domain/change.ts';
import { noticeClockSkew } from '../../src/domain/clock-skew.ts';
import { loadConfiguration } from '../../src/domain/configuration.ts';
import { editJob } from '../../src/domain/edit-job.ts';
import { endBatch, type EndRequest } from '../../src/domain/end-batch.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { openBatch } from '../../src/domain/open-batch.ts';
import type { Parameters } from '../../src/domain/special-parameters.ts';
import { type Instant, parseInstant } from '../../src/domain/time.ts';
import { decodeLedger, decodeWorkflow, encodeHead, encodeLedger, type Workflow } from '../../src/domain/workflow.ts';
import { expectReadAlike } from '../domain/scenario.ts';
import type { HistoryOperations, ModelClock, Outcome } from './operations.ts';

/** The rules under test. Planted bugs replace one of them. */
export interface DomainRules {
  readonly openBatch: typeof openBatch;
  readonly endBatch: typeof endBatch;
  readonly editJob: typeof editJob;
  readonly loadConfiguration: typeof loadConfiguration;
  readonly noticeClockSkew: typeof noticeClockSkew;
}

export const realRules: DomainRules = { openBatch, endBatch, editJob, loadConfiguration, noticeClockSkew };

const name = 'wf1';
const initialDate = parseInstant('1776-07-04T23:59:00') as Instant;

/** The pure rules, with the state held as text in maps: what a store would hold. */
export function createDomainOperations(clock: ModelClock, rules: DomainRules = realRules): HistoryOperations {
  const head = new Map<string, string>();
  let ledger: string | null = null;
  const records = new Map<string, BatchRecord>();
  const copies = new Map<string, Map<string, Parameters>>();

  const read = (): Workflow => decodeWorkflow(name, { head: new Map(head), ledger }) as Workflow;

  function write(change: WorkflowChange | null): void {
    if (change === null) return;
    expectReadAlike(change.next);
    head.clear();
    for (const [job, text] of encodeHead(change.next)) head.set(job, text);
    ledger = encodeLedger(change.next.ledger);
    for (const record of change.records) keep(record);
  }

  function keep({ id, opening, jobs, only }: RecordWrite): void {
    const before = records.get(id);
    if (isLeftOut(only, before?.opening.kind ?? null)) return;
    const outcomes = new Map<string, RecordJob>(before?.jobs ?? []);
    const copy = copies.get(id) ?? new Map<string, Parameters>();
    for (const [job, { outcome, copy: map }] of jobs) {
      outcomes.set(job, outcome);
      if (map !== null) copy.set(job, map);
    }
    records.set(id, { id, opening: before?.opening ?? opening, jobs: outcomes });
    copies.set(id, copy);
  }

  function attempt<T>(work: () => T): Promise<Outcome<T>> {
    try {
      if (head.size > 0) write(rules.noticeClockSkew(read(), clock.now));
      return Promise.resolve({ ok: true, value: work() });
    } catch (error) {
      if (error instanceof BatchyError) return Promise.resolve({ ok: false, code: error.code });
      return Promise.reject(error);
    }
  }

  const asked = { by: 'model', reason: null, owner: null };

  return {
    load: ({ jobs, mode, force }) =>
      attempt(() => {
        const current = head.size === 0 ? null : read();
        const request = { mode, force, reason: null, now: clock.now, initialDate, by: 'model' };
        write(rules.loadConfiguration(name, current, decodeLedger(ledger), { jobs, infa: null }, request));
        return null;
      }),

    open: (request) =>
      attempt(() => {
        const { change, batchId, opened } = rules.openBatch(read(), {
          ...request,
          ...asked,
          now: clock.now,
          initialDate,
        });
        write(change);
        return { batchId, jobs: opened };
      }),

    end: (call) =>
      attempt(() => {
        const record = call.batchId === null ? undefined : records.get(String(call.batchId));
        const starts = record && new Map([...record.jobs].map(([job, { batchStart }]) => [job, batchStart]));
        const request: EndRequest = {
          ...call,
          requireFence: false,
          parameters: new Map(),
          now: clock.now,
          by: 'model',
          owner: null,
          recordedStarts: starts ?? null,
        };
        const workflow = read();
        const isBackfill = record?.opening.kind === 'backfill';
        const ended = isBackfill
          ? endBackfill(workflow, record, copies.get(record.id) ?? new Map(), request)
          : rules.endBatch(workflow, request);
        write(ended.change);
        return null;
      }),

    edit: (request) =>
      attempt(() => {
        write(
          rules.editJob(read(), { ...request, remove: [], reason: 'the model edits', now: clock.now, by: 'model' }),
        );
        return null;
      }),

    backfill: (request) =>
      attempt(() => {
        const { change, batchId, opened } = openBackfill(read(), {
          owner: null,
          ...request,
          now: clock.now,
          reason: null,
          by: 'model',
        });
        write(change);
        return { batchId, jobs: opened };
      }),

    preview: (asOf) => {
      const workflow = read();
      const windows = [...workflow.jobs.keys()].flatMap((job) => {
        const request = { jobs: [job], ifOpen: 'reopen' as const, force: true, ...asked, now: asOf, initialDate };
        return rules.openBatch(workflow, request).windows;
      });
      return Promise.resolve(new Map(windows.map(({ job, from }) => [job, from])));
    },

    heartbeat: async () => {
      await attempt(() => null);
    },
    readHead: () => Promise.resolve(new Map(head)),
    writeHead: (job, text) => {
      head.set(job, text);
      return Promise.resolve();
    },
  };
}

/** A transition's result with other maps for the jobs that it opened or ended. */
export function withJobs(
  change: WorkflowChange,
  replace: (job: string, parameters: Parameters) => Parameters,
): WorkflowChange {
  const jobs: JobMaps = new Map([...change.next.jobs].map(([job, parameters]) => [job, replace(job, parameters)]));
  return { ...change, next: { ...change.next, jobs } };
}
