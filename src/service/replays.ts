import { replayableIndex, skippedPrefix, unreplayableIndex } from '../domain/document-index.ts';
import { BatchyError } from '../domain/errors.ts';
import type { JobExecution, JobInstance } from '../domain/execution.ts';
import { documentKeys, instanceDocument } from '../domain/execution-documents.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { buildGraph } from '../domain/graph.ts';
import { decideLaunch, notRecovered } from '../domain/launch-rules.ts';
import { type Replay, replayDefinition, replayOf, replayParameters } from '../domain/replay.ts';
import {
  checkNotAbandoned,
  checkNotRunAfresh,
  checkReplayed,
  chooseStep,
  notReplayable,
  stillRunning,
} from '../domain/replay-rules.ts';
import type { Json } from '../domain/json.ts';
import { changedParameters, keptParameters } from '../domain/replay-parameters.ts';
import type { Instant } from '../domain/time.ts';
import type { Urgency } from '../domain/urgency.ts';
import type { StoredAnswer } from '../ports/store.ts';
import type { Answered, Beside, Caller, Commands } from './commands.ts';
import { existingExecution, existingInstance } from './execution-commands.ts';
import { changeOf, type ExecutionRecords, type Kept } from './execution-records.ts';
import type { HandingOver } from './handing-over.ts';
import type { Jobs } from './jobs.ts';
import { createLaunchIds, findLaunched, type LaunchIds, makeExecution } from './new-execution.ts';
import { countMembers } from './skipped-items.ts';

/** What a replay has before it. */
export interface ReplaySummary {
  readonly replay: Replay;
  /** Items that it runs; where there are very many, at least so many. */
  readonly items: number;
  /** Items of the step that no replay can run, and why. */
  readonly leftOut: { readonly count: number; readonly reasons: readonly string[] };
}

export interface AskedReplay {
  /** As the skipped items tell it; `null` where they are of one step only. */
  readonly stepName: string | null;
  /** In the place of those of the execution that do not identify; as they were sent, `undefined` for none. */
  readonly parameters: Json | undefined;
}

type Render = (execution: JobExecution, summary: ReplaySummary) => StoredAnswer;

/** Has the items that a chunk step has left out run once more, by themselves. */
export interface Replays {
  /**
   * Launches a replay of what is left, or restarts the one that has failed or was stopped.
   * @throws BatchyError `unknown-execution`, `unknown-job-definition`, `invalid-body` for a step that is none, `invalid-parameters`,
   * `not-replayable` where nothing is left, `already-running`, `not-recovered`, `abandoned`, `too-many-running`
   */
  replay(id: number, asked: AskedReplay, caller: Caller, render: Render): Promise<Answered>;
  /** Restarts an execution that is a replay. @throws BatchyError as `replay` */
  restart(
    replaying: JobExecution,
    urgency: Urgency,
    caller: Caller,
    render: (execution: JobExecution) => StoredAnswer,
  ): Promise<Answered>;
}

export interface ReplaysOptions {
  readonly commands: Commands;
  readonly records: ExecutionRecords;
  readonly jobs: Pick<Jobs, 'get'>;
  readonly handingOver: Pick<HandingOver, 'launched'>;
}

interface Asked extends AskedReplay {
  readonly id: number;
  /** The replay that is to go on; `null` for none. */
  readonly restarted: JobExecution | null;
  readonly urgency: Urgency;
}

/** More than so many are not counted: an answer should not have to wait for it. */
const mostCounted = 100_000;
/** Items that are looked at for reasons, and reasons that are told. */
const mostLookedAt = 500;
const mostReasons = 10;

export function createReplays({ commands, records, jobs, handingOver }: ReplaysOptions): Replays {
  async function run(asked: Asked, caller: Caller, render: Render): Promise<Answered> {
    const { value: original } = await existingExecution(records, asked.id);
    const ids = createLaunchIds(records);
    let made = null as JobExecution | null;
    const answered = await commands.runBeside(`job ${original.jobName}`, caller, async (now) => {
      const kept = await existingExecution(records, asked.id);
      const { execution, beside, summary } = await attempt(kept, asked, { ids, now, by: caller.name });
      made = execution;
      return { beside, answer: render(execution, summary) };
    });
    if (made !== null) handingOver.launched(made, (await jobs.get(original.jobName)).definition);
    return answered;
  }

  async function attempt(
    original: Kept<JobExecution>,
    { stepName, parameters: given, restarted, urgency }: Asked,
    { ids, now, by }: { readonly ids: LaunchIds; readonly now: Instant; readonly by: string },
  ): Promise<{ readonly execution: JobExecution; readonly beside: Beside; readonly summary: ReplaySummary }> {
    const { value: of } = original;
    checkReplayed(of);
    const { definition: whole } = await jobs.get(of.jobName);
    const instance = await existingInstance(records, of.instanceId);
    await refuseUnlessAtRest(instance.value);
    const step = chooseStep(whole, of.id, await records.steps(of.id), stepName);
    checkNotRunAfresh(step, (await records.latestSteps(instance.value)).get(step.stepName));
    const summary = await summaryOf({ executionId: of.id, stepName: step.stepName, stepExecutionId: step.id });
    if (summary.items === 0 && restarted === null) throw nothingLeft(summary);
    const definition = replayDefinition(whole, step.stepName);
    const own =
      restarted === null ? changedParameters(of, whole, given) : keptParameters(of.parameters, restarted.parameters);
    const parameters = replayParameters(own, of.batch !== null, summary.replay);
    const found = await findLaunched(records, definition, parameters, restarted);
    const decision = decideLaunch({
      definition,
      graph: buildGraph(definition),
      before: found.before,
      running: found.running,
      forced: false,
      deselected: [],
      restarts: restarted !== null,
      // As with a window: what is left of it is due, whatever became of the replay before.
      window: { kind: 'due', loadedSince: null, inDoubt: false },
    });
    const made = await makeExecution(records, {
      definition,
      parameters,
      forced: false,
      deselected: [],
      found,
      decision,
      batch: null,
      contextOf: of.id,
      urgency,
      ids,
      now,
      by,
    });
    const reason = `replays what step ${step.stepName} of execution ${of.id} has left out`;
    const journal = made.beside.journal.map((entry) => ({ ...entry, reason: entry.reason ?? reason }));
    if (decision.kind !== 'run') return { ...made, beside: { ...made.beside, journal }, summary };
    // Whoever launches this instance, or replays another of its steps, sees it: two would write to the same target.
    const noted = changeOf(instance, instanceDocument({ ...instance.value, lastReplayId: made.execution.id }));
    const beside = {
      documents: [...made.beside.documents, noted],
      guards: [{ ...documentKeys.execution(of.id), expected: original.revision }],
      journal,
    };
    return { execution: made.execution, beside, summary };
  }

  /** Or once it was given up. */
  async function refuseUnlessAtRest({ lastExecutionId, lastReplayId }: JobInstance): Promise<void> {
    for (const id of [lastExecutionId, lastReplayId]) {
      const kept = id == null ? null : await records.execution(id);
      if (kept === null) continue;
      if (kept.value.status === 'UNKNOWN') throw notRecovered(kept.value);
      if (isLive(kept.value.status)) throw stillRunning(kept.value);
      if (id === lastExecutionId) checkNotAbandoned(kept.value);
    }
  }

  async function summaryOf(replay: Replay): Promise<ReplaySummary> {
    const { executionId, stepExecutionId } = replay;
    const prefix = skippedPrefix(stepExecutionId);
    const count = (index: string): Promise<number> => countMembers(records, index, prefix, mostCounted);
    const [items, unreplayable] = [
      await count(replayableIndex(executionId)),
      await count(unreplayableIndex(executionId)),
    ];
    if (unreplayable === 0) return { replay, items, leftOut: { count: 0, reasons: [] } };
    const index = unreplayableIndex(executionId);
    const members = await records.members({
      index,
      prefix,
      direction: 'ascending',
      beyond: null,
      limit: mostLookedAt,
    });
    const kept = await records.skipped(executionId, members);
    const reasons = [...new Set(kept.flatMap(({ item }) => item.obstacle ?? []))].slice(0, mostReasons);
    return { replay, items, leftOut: { count: unreplayable, reasons } };
  }

  return {
    replay: (id, asked, caller, render) => run({ ...asked, id, restarted: null, urgency: {} }, caller, render),
    async restart(replaying, urgency, caller, render) {
      const replay = replayOf(replaying.parameters);
      if (replay === null) throw new BatchyError('internal', `Execution ${replaying.id} is no replay.`);
      const { executionId: id, stepName } = replay;
      return run({ id, stepName, parameters: undefined, restarted: replaying, urgency }, caller, render);
    },
  };
}

function nothingLeft({ replay, leftOut }: ReplaySummary): BatchyError {
  const { executionId, stepName } = replay;
  const others = leftOut.count === 0 ? '' : ` ${leftOut.count} cannot be replayed: ${leftOut.reasons.join('; ')}.`;
  return notReplayable(
    `All that step ${stepName} of execution ${executionId} had left out, and that can be replayed, has been replayed.${others}`,
  );
}
