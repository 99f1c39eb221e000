import { floorToMicrosecond, type Instant } from '../domain/time.ts';
import type { ListedWorkflow, WorkflowPage } from '../ports/batch-reader.ts';

/** Which workflows a list shows, in which order. */
export interface WorkflowFilter extends WorkflowPage {
  /** Only workflows that changed later, or `null`. */
  readonly updatedAfter: Instant | null;
  /** Only workflows that changed earlier, or `null`. */
  readonly updatedBefore: Instant | null;
}

export interface WorkflowsPage {
  readonly workflows: readonly ListedWorkflow[];
  /** Where to go on, or `null` at the end. */
  readonly next: WorkflowPage['after'];
}

/** A page walks at most this many workflows in search of those that match, so that no request costs the whole store. */
const mostWalked = 2000;
/** Behind every name there may be. */
const behindNames = '~';

/**
 * A page of those that match. In the order of changes only the stretch between the two times is read; in the order of names
 * all are walked, so that a page may be short of its limit although there are more.
 */
export async function pageWorkflows(
  list: (page: WorkflowPage) => Promise<ListedWorkflow[]>,
  filter: WorkflowFilter,
): Promise<WorkflowsPage> {
  const { updatedAfter, updatedBefore, ...page } = filter;
  const found: ListedWorkflow[] = [];
  let after = page.after ?? beginning(filter);
  for (let walked = 0; walked < mostWalked;) {
    const wanted = filter.limit + 1;
    const listed = await list({ ...page, after, limit: wanted });
    for (const workflow of listed) {
      walked += 1;
      if (isBeyond(workflow, filter)) return { workflows: found, next: null };
      if (isBetween(workflow, updatedAfter, updatedBefore)) {
        if (found.length === filter.limit) return { workflows: found, next: after };
        found.push(workflow);
      }
      after = workflow;
    }
    if (listed.length < wanted) return { workflows: found, next: null };
  }
  return { workflows: found, next: after };
}

/** Where the order of changes enters the stretch that was asked for. Stored times are whole microseconds. */
function beginning({ sort, descending, updatedAfter, updatedBefore }: WorkflowFilter): WorkflowPage['after'] {
  if (sort !== 'updated_at') return null;
  if (!descending)
    return updatedAfter === null ? null : { name: behindNames, updatedAt: floorToMicrosecond(updatedAfter) };
  if (updatedBefore === null) return null;
  const floored = floorToMicrosecond(updatedBefore);
  return { name: floored === updatedBefore ? '' : behindNames, updatedAt: floored };
}

/** Whether it and, in the order of changes, all that follow lie behind the stretch. */
function isBeyond(
  { updatedAt }: ListedWorkflow,
  { sort, descending, updatedAfter, updatedBefore }: WorkflowFilter,
): boolean {
  if (sort !== 'updated_at') return false;
  return descending ? !isLater(updatedAt, updatedAfter) : !isEarlier(updatedAt, updatedBefore);
}

function isBetween({ updatedAt }: ListedWorkflow, after: Instant | null, before: Instant | null): boolean {
  return isLater(updatedAt, after) && isEarlier(updatedAt, before);
}

function isLater(instant: Instant, than: Instant | null): boolean {
  return than === null || instant > than;
}

function isEarlier(instant: Instant, than: Instant | null): boolean {
  return than === null || instant < than;
}
