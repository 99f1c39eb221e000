import { readSpecialParameters } from '../domain/special-parameters.ts';
import type { Instant } from '../domain/time.ts';
import { watermark } from '../domain/watermark.ts';
import { jobLedger, knownBatch, type Workflow } from '../domain/workflow.ts';
import { BatchyError } from '../domain/errors.ts';
import type { Workflows } from '../service/workflows.ts';

/** A scrape looks at this many workflows, those changed last: its cost must not grow with the store. */
export const mostWorkflows = 1000;
const pageSize = 100;

export interface JobAge {
  readonly workflow: string;
  readonly job: string;
  /** How far the data that is known to be loaded lies behind now, in seconds; `null` where nothing is stored yet. */
  readonly watermarkSeconds: number | null;
  /** How long its batch has been open, in seconds; `null` when none is. */
  readonly openSeconds: number | null;
  /** Its clock was ahead, and nobody has decided yet what that means for its window. */
  readonly isSkewed: boolean;
}

export interface WorkflowAges {
  readonly jobs: readonly JobAge[];
  /** There are more workflows than were looked at. */
  readonly truncated: boolean;
}

export async function readWorkflowAges(
  workflows: Pick<Workflows, 'list' | 'peek'>,
  now: Instant,
): Promise<WorkflowAges> {
  const jobs: JobAge[] = [];
  let after: { name: string; updatedAt: Instant } | null = null;
  const page = (limit: number): Promise<Listed[]> =>
    workflows.list({ sort: 'updated_at', descending: true, status: null, prefix: '', after, limit });
  for (let looked = 0; looked < mostWorkflows; looked += pageSize) {
    const listed = await page(pageSize);
    const found = await Promise.all(listed.map(({ name }) => peekQuietly(workflows, name)));
    for (const workflow of found) if (workflow !== null) jobs.push(...jobAges(workflow, now));
    after = listed.at(-1) ?? null;
    if (listed.length < pageSize) return { jobs, truncated: false };
  }
  return { jobs, truncated: (await page(1)).length > 0 };
}

type Listed = Awaited<ReturnType<Workflows['list']>>[number];

/** One workflow that has just been deleted, or that another program broke, must not hide the others. */
async function peekQuietly(workflows: Pick<Workflows, 'peek'>, name: string): Promise<Workflow | null> {
  try {
    return (await workflows.peek(name)).workflow;
  } catch (error) {
    if (error instanceof BatchyError && (error.code === 'unknown-workflow' || error.code === 'foreign-data'))
      return null;
    throw error;
  }
}

function jobAges(workflow: Workflow, now: Instant): JobAge[] {
  return [...workflow.jobs].flatMap(([job, parameters]): JobAge[] => {
    const special = readSpecialParameters(parameters);
    if ('problems' in special) return [];
    const known = knownBatch(workflow, job, special);
    const loaded = special.fromDate === null && special.status !== 'success' ? null : watermark(special, known, now);
    return [
      {
        workflow: workflow.name,
        job,
        watermarkSeconds: loaded === null ? null : secondsBetween(loaded, now),
        openSeconds:
          special.status === 'open' && special.batchStart !== null ? secondsBetween(special.batchStart, now) : null,
        isSkewed: jobLedger(workflow, job).skewNoticedAt !== null,
      },
    ];
  });
}

function secondsBetween(earlier: Instant, later: Instant): number {
  return Number(later - earlier) / 1e9;
}
