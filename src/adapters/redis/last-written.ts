import { createMemo } from '../../domain/memo.ts';
import type { StoredWorkflow } from '../../domain/workflow.ts';
import type { StoredWorkflowChange } from '../../ports/store.ts';

/**
 * What this process wrote last of each workflow, for those whose last two changes were its own: it is likely to be what is stored
 * still. Only likely: a commit that was computed from it finds out, by comparing.
 */
export interface LastWritten {
  /** To be called for each change that was committed. */
  wrote(change: StoredWorkflowChange): void;
  /** To be called where a change was not committed, or nobody knows. */
  doubt(workflow: string): void;
  recall(workflow: string): StoredWorkflow | null;
}

interface Written {
  readonly written: StoredWorkflow;
  readonly inARow: boolean;
}

const nothing: Written = { written: { head: null, ledger: null }, inARow: false };

const mostWorkflows = 1024;
/** In characters: what is larger is read. */
const largest = 8192;

export function createLastWritten(): LastWritten {
  const kept = createMemo<string, Written>(mostWorkflows);
  return {
    wrote({ name, expected, head, ledger }) {
      const before = kept.get(name);
      // Where others write as well what was written last is old as a rule, and a commit for nothing costs more than reading.
      const inARow = before !== undefined && before.written.ledger === expected.ledger;
      const written = { head, ledger };
      if (head === null || sizeOf(written) > largest) kept.set(name, nothing);
      else kept.set(name, { written, inARow });
    },
    doubt(workflow) {
      const before = kept.get(workflow);
      if (before !== undefined) kept.set(workflow, { ...before, inARow: false });
    },
    recall(workflow) {
      const last = kept.get(workflow);
      return last?.inARow === true ? last.written : null;
    },
  };
}

function sizeOf({ head, ledger }: StoredWorkflow): number {
  let size = ledger?.length ?? 0;
  for (const [job, text] of head ?? []) size += job.length + text.length;
  return size;
}
