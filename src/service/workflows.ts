import { createHash } from 'node:crypto';

import { adoptWorkflow } from '../domain/adopt.ts';
import type { WorkflowChange } from '../domain/change.ts';
import { type Configuration, loadConfiguration } from '../domain/configuration.ts';
import { deleteWorkflow } from '../domain/delete-workflow.ts';
import { editJob } from '../domain/edit-job.ts';
import { BatchyError } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import { checkWorkflowName, quoteBriefly } from '../domain/names.ts';
import { decodeLedger, decodeWorkflow, encodeJobs, type StoredWorkflow, type Workflow } from '../domain/workflow.ts';
import type { BatchReader, ListedWorkflow, WorkflowPage } from '../ports/batch-reader.ts';
import type { StoredAnswer } from '../ports/store.ts';
import { type BatchSettings, existing, type Preview, previewOpen, unknownWorkflow } from './batches.ts';
import type { Answered, Caller, Commands } from './commands.ts';
import { pageWorkflows, type WorkflowFilter, type WorkflowsPage } from './workflow-pages.ts';

/** A workflow's status as it is answered: the JSON text of job → parameters, and its strong ETag. */
export interface WorkflowStatus {
  readonly workflow: Workflow;
  readonly text: string;
  readonly etag: string;
}

export interface LoadOptions {
  readonly mode: 'replace' | 'merge';
  readonly force: boolean;
  readonly reason: string | null;
}

export interface EditOptions {
  readonly job: string;
  readonly set: Readonly<Record<string, Json>>;
  readonly remove: readonly string[];
  readonly force: boolean;
  readonly reason: string;
  /** The `If-Match` header: an ETag or `*`. */
  readonly ifMatch: string;
}

export interface DeleteOptions {
  readonly force: boolean;
  readonly reason: string | null;
}

export interface Workflows {
  /** @throws BatchyError `unknown-workflow`, `foreign-data` */
  status(name: string): Promise<WorkflowStatus>;
  /** As `status`, without ever writing: for HEAD. */
  peek(name: string): Promise<WorkflowStatus>;
  load(
    name: string,
    options: LoadOptions,
    caller: Caller,
    render: (workflow: Workflow) => StoredAnswer,
  ): Promise<Answered>;
  /** Answers the preview of the next open and the new ETag. */
  edit(
    name: string,
    options: EditOptions,
    caller: Caller,
    render: (preview: Preview, etag: string) => StoredAnswer,
  ): Promise<Answered>;
  remove(name: string, options: DeleteOptions, caller: Caller, render: () => StoredAnswer): Promise<Answered>;
  list(page: WorkflowPage): Promise<ListedWorkflow[]>;
  /** As `list`, narrowed to a stretch of time, and with where to go on. */
  page(filter: WorkflowFilter): Promise<WorkflowsPage>;
  /** Takes a head that another program wrote into ledger and index. */
  adopt(name: string): Promise<void>;
  /** As `adopt`, where what was read shows that there is something to take in: otherwise nothing is asked of the store. */
  readonly adoptIfNew: AdoptIfNew;
}

/** @param stored what `workflow` was read from */
export type AdoptIfNew = (workflow: Workflow, stored: StoredWorkflow) => Promise<void>;

export interface WorkflowsOptions {
  readonly commands: Commands;
  readonly reader: BatchReader;
  readonly settings: BatchSettings;
  /** Reads the configuration of a workflow. @throws BatchyError `missing-configuration`, `invalid-configuration` */
  readonly readConfiguration: (name: string) => Promise<Configuration>;
}

export function createWorkflows({ commands, reader, settings, readConfiguration }: WorkflowsOptions): Workflows {
  const statusOf = createStatusMemo();

  const peek = async (name: string): Promise<WorkflowStatus> => {
    const stored = await reader.peek(checkWorkflowName(name));
    const status = statusOf(name, stored);
    if (status === null) throw unknownWorkflow(name);
    return status;
  };

  const adopt = (name: string): Promise<void> =>
    commands.apply(name, ({ workflow, stored, now }): WorkflowChange | null =>
      workflow === null ? null : adoptWorkflow(workflow, stored.ledger !== null, now),
    );

  return {
    peek,
    adopt,

    async adoptIfNew(workflow, stored) {
      if (hasNews(workflow, stored)) await adopt(workflow.name);
    },

    async status(name) {
      const stored = await reader.peek(checkWorkflowName(name));
      const status = statusOf(name, stored);
      if (status === null) throw unknownWorkflow(name);
      if (!status.needsAdoption) return status;
      await adopt(name);
      return peek(name);
    },

    async load(name, options, caller, render) {
      // Read in its turn, so that a repeat gets its first answer whatever has become of the file; once, so that it is one file.
      let read: Promise<Configuration> | null = null;
      return commands.run(name, caller, async ({ workflow, stored, now }) => {
        const configuration = await (read ??= readConfiguration(name));
        const change = loadConfiguration(name, workflow, decodeLedger(stored.ledger), configuration, {
          ...options,
          now,
          initialDate: settings.initialDate,
          by: caller.name,
        });
        return { change, answer: render(change.next) };
      });
    },

    edit: (name, options, caller, render) =>
      commands.run(name, caller, (attempt) => {
        const workflow = existing(name, attempt);
        checkMatch(name, options.ifMatch, etagOf(encodeJobs(workflow.jobs)));
        const change = editJob(workflow, { ...options, now: attempt.now, by: caller.name });
        const preview = previewOpen(change.next, {
          jobs: [options.job],
          force: false,
          now: attempt.now,
          initialDate: settings.initialDate,
        });
        return { change, answer: render(preview, etagOf(encodeJobs(change.next.jobs))) };
      }),

    remove: (name, options, caller, render) =>
      commands.run(name, caller, (attempt) => {
        const change = deleteWorkflow(existing(name, attempt), { ...options, now: attempt.now, by: caller.name });
        return { change, answer: render() };
      }),

    list: (page) => reader.workflows(page),

    page: (filter) => pageWorkflows((page) => reader.workflows(page), filter),
  };
}

/** A strong ETag of a status text. */
function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
}

function checkMatch(name: string, ifMatch: string, etag: string): void {
  if (ifMatch.trim() === '*' || ifMatch.split(',').some((candidate) => candidate.trim() === etag)) return;
  throw new BatchyError(
    'precondition-failed',
    `Workflow ${quoteBriefly(name)} has changed since you read it (its ETag is ${etag} now). Read GET /get_status/${name} again, look at the change, and repeat with the new ETag.`,
  );
}

/** Whether another program has done something to it since we last looked. */
function hasNews(workflow: Workflow, stored: StoredWorkflow): boolean {
  return adoptWorkflow(workflow, stored.ledger !== null, 0n) !== null;
}

interface MemoizedStatus extends WorkflowStatus {
  readonly needsAdoption: boolean;
}

const memoSize = 1000;

/**
 * Status texts by content: as long as the store holds the very same texts, decoding and hashing them again would give the
 * same answer. Never a cache of state: the store is read each time.
 */
function createStatusMemo(): (name: string, stored: StoredWorkflow) => MemoizedStatus | null {
  const memo = new Map<string, { stored: StoredWorkflow; status: MemoizedStatus }>();
  return (name, stored) => {
    const kept = memo.get(name);
    if (kept !== undefined && sameStored(kept.stored, stored)) return kept.status;
    const workflow = decodeWorkflow(name, stored);
    if (workflow === null) return null;
    const text = encodeJobs(workflow.jobs);
    const status = {
      workflow,
      text,
      etag: etagOf(text),
      needsAdoption: hasNews(workflow, stored),
    };
    memo.delete(name);
    memo.set(name, { stored, status });
    for (const oldest of memo.keys()) {
      if (memo.size <= memoSize) break;
      memo.delete(oldest);
    }
    return status;
  };
}

function sameStored(one: StoredWorkflow, other: StoredWorkflow): boolean {
  if (one.ledger !== other.ledger || one.head?.size !== other.head?.size) return false;
  for (const [job, text] of one.head ?? []) if (other.head?.get(job) !== text) return false;
  return true;
}
