import { endBackfill, openBackfill } from '../domain/backfill.ts';
import type { BatchRecord, JobMaps } from '../domain/change.ts';
import { endBatch, type EndRequest } from '../domain/end-batch.ts';
import { BatchyError } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import { checkWorkflowName, quoteBriefly } from '../domain/names.ts';
import { openBatch, type Opened, type OpenedJob } from '../domain/open-batch.ts';
import type { Instant } from '../domain/time.ts';
import type { Workflow } from '../domain/workflow.ts';
import { decodeWorkflow } from '../domain/workflow.ts';
import type { BatchReader } from '../ports/batch-reader.ts';
import type { StoredAnswer } from '../ports/store.ts';
import type { Answered, Attempt, Caller, Commands } from './commands.ts';
import { disown } from './disowned-execution.ts';
import type { ExecutionRecords } from './execution-records.ts';

export interface BatchSettings {
  /** `from_date` where nothing was configured. */
  readonly initialDate: Instant;
  /** Refuse every unfenced close of a batch that took the place of an open one. */
  readonly requireFence: boolean;
}

export interface OpenOptions {
  readonly jobs: readonly string[] | null;
  readonly ifOpen: 'reopen' | 'reject';
  readonly force: boolean;
  readonly reason: string | null;
}

export interface EndOptions {
  readonly outcome: 'success' | 'failed';
  readonly jobs: readonly string[] | null;
  readonly batchId: number | null;
  readonly force: boolean;
  readonly reason: string | null;
  readonly parameters: ReadonlyMap<string, Readonly<Record<string, Json>>>;
}

export interface BackfillOptions {
  readonly jobs: readonly string[] | null;
  readonly from: Instant;
  readonly until: Instant;
  readonly reason: string | null;
}

/** What an open would do to one job: its window, or why it would be refused. */
export interface JobPreview {
  readonly job: string;
  readonly window: OpenedJob | null;
  readonly refusal: BatchyError | null;
}

export interface Preview {
  readonly asOf: Instant;
  readonly batchId: number | null;
  readonly jobs: readonly JobPreview[];
}

/** The use cases of a batch's life. `render` makes the answer before anything is stored: what cannot be answered changes nothing. */
export interface Batches {
  open(
    workflow: string,
    options: OpenOptions,
    caller: Caller,
    render: (opened: Opened, workflow: Workflow) => StoredAnswer,
  ): Promise<Answered>;
  end(
    workflow: string,
    options: EndOptions,
    caller: Caller,
    render: (jobs: JobMaps) => StoredAnswer,
  ): Promise<Answered>;
  backfill(
    workflow: string,
    options: BackfillOptions,
    caller: Caller,
    render: (opened: JobMaps, batchId: number) => StoredAnswer,
  ): Promise<Answered>;
  /** What an open would yield now, or at `asOf`; changes nothing. */
  preview(
    workflow: string,
    options: { jobs: readonly string[] | null; asOf: Instant | null; force: boolean },
  ): Promise<Preview>;
}

export function createBatches({
  commands,
  reader,
  records,
  settings,
}: {
  commands: Commands;
  reader: BatchReader;
  records: ExecutionRecords;
  settings: BatchSettings;
}): Batches {
  return {
    open: (name, options, caller, render) =>
      commands.runOften(name, caller, (attempt) => {
        const workflow = existing(name, attempt);
        const opened = openBatch(workflow, {
          ...options,
          now: attempt.now,
          initialDate: settings.initialDate,
          by: caller.name,
          owner: null,
        });
        return { change: opened.change, answer: render(opened, workflow) };
      }),

    end: (name, options, caller, render) =>
      commands.runOften(name, caller, async (attempt) => {
        const workflow = existing(name, attempt);
        const record = options.batchId === null ? null : await recordIfNeeded(reader, workflow, options.batchId);
        const request: EndRequest = {
          ...options,
          requireFence: settings.requireFence,
          now: attempt.now,
          by: caller.name,
          owner: null,
          recordedStarts:
            record === null ? null : new Map([...record.jobs].map(([job, { batchStart }]) => [job, batchStart])),
        };
        const ended =
          record?.opening.kind === 'backfill'
            ? endBackfill(workflow, record, (await reader.copy(name, record.id)) ?? new Map(), request)
            : endBatch(workflow, request);
        const decision = { change: ended.change, answer: render(ended.jobs) };
        if (ended.undoneWindows.length === 0) return decision;
        const undone = ended.undone === null ? null : (record ?? (await reader.record(name, String(ended.undone))));
        const beside = await disown(records, name, ended.undoneWindows, undone, request);
        return beside === null ? decision : { ...decision, beside };
      }),

    backfill: (name, options, caller, render) =>
      commands.run(name, caller, (attempt) => {
        const { change, batchId, opened } = openBackfill(existing(name, attempt), {
          ...options,
          now: attempt.now,
          by: caller.name,
          owner: null,
        });
        return { change, answer: render(opened, batchId) };
      }),

    async preview(name, { jobs, asOf, force }) {
      const loaded = await reader.load(checkWorkflowName(name));
      const workflow = existing(name, { stored: loaded, workflow: decodeWorkflow(name, loaded), now: loaded.now });
      return previewOpen(workflow, { jobs, force, now: asOf ?? loaded.now, initialDate: settings.initialDate });
    },
  };
}

/** @throws BatchyError `unknown-workflow` */
export function existing(name: string, { workflow }: Attempt): Workflow {
  if (workflow === null) throw unknownWorkflow(name);
  return workflow;
}

export function unknownWorkflow(name: string): BatchyError {
  return new BatchyError(
    'unknown-workflow',
    `There is no workflow ${quoteBriefly(name)}. Load its configuration first: POST /load_cfg/${name}; GET /workflows lists those that exist.`,
  );
}

/**
 * The record of a batch is needed only where the head cannot tell: the id is of a backfill, or of a batch that another
 * program opened, which may have met one of ours.
 */
async function recordIfNeeded(reader: BatchReader, workflow: Workflow, batchId: number): Promise<BatchRecord | null> {
  const own = [...workflow.ledger.jobs.values()].some(
    ({ batch }) => batch !== null && batch.id === batchId && !batch.foreign,
  );
  return own ? null : reader.record(workflow.name, String(batchId));
}

/** Pure: each job is opened alone on what is stored, so that one job's refusal does not hide another's window. */
export function previewOpen(
  workflow: Workflow,
  options: { jobs: readonly string[] | null; force: boolean; now: Instant; initialDate: Instant },
): Preview {
  const names = options.jobs ?? [...workflow.jobs.keys()];
  let batchId: number | null = null;
  const jobs = names.map((job): JobPreview => {
    try {
      const opened = openBatch(workflow, {
        ...options,
        jobs: [job],
        ifOpen: 'reopen',
        reason: null,
        by: 'preview',
        owner: null,
      });
      batchId = opened.batchId;
      return { job, window: opened.windows[0] ?? null, refusal: null };
    } catch (error) {
      if (!(error instanceof BatchyError) || error.code === 'unknown-job') throw error;
      return { job, window: null, refusal: error };
    }
  });
  return { asOf: options.now, batchId, jobs };
}
