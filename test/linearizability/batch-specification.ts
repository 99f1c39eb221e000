import { endBatch } from '../../src/domain/end-batch.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { openBatch } from '../../src/domain/open-batch.ts';
import { type Instant, parseInstant } from '../../src/domain/time.ts';
import { defaultInitialDate, readInitialDate } from '../../src/domain/watermark.ts';
import {
  decodeWorkflow,
  encodeHead,
  encodeJobs,
  encodeLedger,
  type StoredWorkflow,
  type Workflow,
} from '../../src/domain/workflow.ts';
import type { Specification } from './checker.ts';

const initialDate = readInitialDate(defaultInitialDate);
export const workflowName = 'wf1';

export type Asked =
  | { readonly kind: 'open'; readonly jobs: readonly string[] | null; readonly ifOpen: 'reopen' | 'reject' }
  | { readonly kind: 'end'; readonly outcome: 'success' | 'failed'; readonly batchId: number | null }
  | { readonly kind: 'get' };

/** The text of a 200, or the code of a refusal. */
export type Answered = { readonly text: string } | { readonly code: string };

/** The pure rules as the specification of one workflow. The instant at which something happened is taken from its answer. */
export function batchSpecification(stored: StoredWorkflow): Specification<Workflow, Asked, Answered> {
  const initial = decodeWorkflow(workflowName, stored);
  if (initial === null) throw new Error('there is no workflow to begin with');
  return {
    initial,
    step(workflow, asked, answered) {
      try {
        const { next, text } = apply(workflow, asked, instantOf(asked, answered) ?? latest(workflow, answered));
        return 'text' in answered && answered.text === text ? next : null;
      } catch (error) {
        if (!(error instanceof BatchyError)) throw error;
        return 'code' in answered && answered.code === error.code ? workflow : null;
      }
    },
    key: (workflow) => JSON.stringify([[...encodeHead(workflow)], encodeLedger(workflow.ledger)]),
  };
}

/** @throws BatchyError as the service does */
export function apply(workflow: Workflow, asked: Asked, now: Instant): { next: Workflow; text: string } {
  const by = { by: 'anonymous', owner: null, reason: null, force: false, now };
  if (asked.kind === 'get') return { next: workflow, text: encodeJobs(workflow.jobs) };
  if (asked.kind === 'open') {
    const { change, opened } = openBatch(workflow, { ...asked, ...by, initialDate });
    return { next: change.next, text: encodeJobs(opened) };
  }
  const request = { ...asked, ...by, jobs: null, requireFence: false, parameters: new Map(), recordedStarts: null };
  const { change, jobs } = endBatch(workflow, request);
  return { next: change?.next ?? workflow, text: encodeJobs(jobs) };
}

/** When it happened, as the newest `batch_start` or `batch_end` of the answer tells. */
function instantOf(asked: Asked, answered: Answered): Instant | null {
  if ('code' in answered || asked.kind === 'get') return null;
  const jobs = Object.values(JSON.parse(answered.text) as Record<string, Record<string, unknown>>);
  const times = jobs.map((job) => job[asked.kind === 'open' ? 'batch_start' : 'batch_end']);
  return greatest(times.map((time) => (typeof time === 'string' ? parseInstant(time) : null)));
}

/**
 * A moment at which nothing lies ahead of the clock. Processes' clocks differ a little, though: whose is behind takes the
 * latest start for its now, and may find that nothing has passed since.
 */
function latest(workflow: Workflow, answered: Answered): Instant {
  const starts = [...workflow.ledger.jobs.values()].map(({ batch }) => batch?.start ?? null);
  const since = 'code' in answered && answered.code === 'empty-window' ? 0n : 1_000_000n;
  return (greatest(starts) ?? 0n) + since;
}

function greatest(instants: readonly (Instant | null)[]): Instant | null {
  return instants.reduce((one, other) => (one === null || (other !== null && other > one) ? other : one), null);
}
