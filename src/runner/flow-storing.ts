import type { Flow } from '../domain/flow.ts';
import type { FlowEvent, FlowRun } from '../domain/flow-event.ts';
import type { Attempt, TaskStatus, Unwinding } from '../domain/flow-state.ts';
import type { FlowRecord } from '../domain/flow-text.ts';
import { goesOnIn, rowsOf, type TouchedTask } from './flow-rows.ts';
import { movedEntry } from './journal-entries.ts';
import type { RunningExecution } from './running-execution.ts';
import type { ContextOverlay } from './shared-context.ts';
import { contextChange } from './step-dispatch.ts';
import type { StepLog } from './step-log.ts';

/** Ids of rows that are asked for at a time, where so many tasks may need one. */
const idsAtOnce = 64;

/** Applies events to a run of a flow; what they change goes ahead, into the next commit. One after the other, never two at a time. */
export function storeFlowEvents(running: RunningExecution, flow: Flow, run: FlowRun) {
  const { session, tools, goAhead } = running;
  const known = new Map<string, TaskStatus>([...run.state.tasks].map(([name, { status }]) => [name, status]));
  let record: FlowRecord = session.state.flow;
  let ids: readonly number[] = [];

  const apply = async (event: FlowEvent, overlay: ContextOverlay | null = null): Promise<void> => {
    const changes = run.apply(event);
    const about = [...changes.tasks].map((name) => ({
      name,
      event: event.kind !== 'decided' && event.task === name ? event : null,
    }));
    const rowless = about.filter(({ name, event: own }) => !hasRow(name, own));
    ids = await enoughIds(ids, rowless.length);
    const rowIds = new Map(rowless.map(({ name }, place) => [name, ids[place] as number]));
    ids = ids.slice(rowless.length);
    const touched = about.map(({ name, event: own }): TouchedTask => {
      const task = run.state.tasks.get(name) ?? null;
      const before = known.get(name) ?? 'PENDING';
      known.set(name, task?.status ?? 'PENDING');
      return { name, event: own, before, task, rowId: rowIds.get(name) ?? null };
    });
    const isRecordOld = run.state.unwinding !== record.unwinding || [...changes.attempts].some(isToStore);
    if (isRecordOld) record = recordOf(run);
    const flowRecord = isRecordOld ? { flow: record } : {};
    goAhead(async ({ execution, steps, context }) => {
      const at = await tools.stores.clock.now();
      const rows = rowsOf(execution, steps, touched, { at, by: tools.by });
      return { ...rows, ...flowRecord, ...(overlay === null ? {} : contextChange(overlay, context)) };
    });
  };

  /** By what is stored: what is ahead ends no row that a later event goes on in, since failures are stored before they are decided on. */
  const hasRow = (name: string, event: TouchedTask['event']): boolean => goesOnIn(session.state.steps.get(name), event);

  const isToStore = (scope: string): boolean => record.attempts.has(scope) || isTelling(run.state.attempts.get(scope));

  const enoughIds = async (kept: readonly number[], wanted: number): Promise<readonly number[]> => {
    if (kept.length >= wanted) return kept;
    const count = Math.max(wanted - kept.length, Math.min(idsAtOnce, flow.nodes.length));
    const first = await session.patiently(() => tools.stores.documents.reserve('step', count));
    return [...kept, ...Array.from({ length: count }, (_each, place) => first + place)];
  };

  return {
    apply,
    /** Asks the controllers about what has failed. */
    async decide(log: StepLog): Promise<void> {
      await apply({ kind: 'decided' });
      const reason = decisionText(run.state.unwinding, record);
      log.write('info', reason);
      goAhead(async ({ execution }) => {
        const { status } = execution;
        const at = await tools.stores.clock.now();
        return {
          journal: [movedEntry(execution, { stepName: null, before: status, after: status, at, by: tools.by, reason })],
        };
      });
    },
  };
}

/** Whether there is anything in it that would not be found out without it. */
export function isWorthStoring({ attempts, unwinding }: FlowRecord): boolean {
  return attempts.size > 0 || unwinding !== null;
}

function recordOf({ state }: FlowRun): FlowRecord {
  return {
    unwinding: state.unwinding,
    attempts: new Map([...state.attempts].filter(([, attempts]) => isTelling(attempts))),
  };
}

/** A first attempt without a value, of which nothing has failed, goes without saying. */
function isTelling(attempts: readonly Attempt[] | undefined): boolean {
  if (attempts === undefined) return false;
  return attempts.length > 1 || attempts.some((attempt) => 'value' in attempt || attempt.failures.length > 0);
}

function decisionText(unwinding: Unwinding | null, { attempts }: FlowRecord): string {
  // Where nothing had to be undone, what was decided is carried out already.
  if (unwinding === null) return 'tried again: nothing was to be undone';
  const scopes = unwinding.scopes.join(', ');
  const counts = unwinding.scopes.map((scope) => attempts.get(scope)?.length ?? 1);
  return unwinding.next === 'retry'
    ? `reverts ${scopes}, then tries ${unwinding.scopes.length === 1 ? 'it' : 'them'} again (after attempt ${counts.join(', ')})`
    : `reverts ${scopes}`;
}
