import { loadedSince, openBoundBatch, owningExecution } from '../domain/bound-batch.ts';
import type { WorkflowChange } from '../domain/change.ts';
import { BatchyError } from '../domain/errors.ts';
import type { JobExecution, JobInstance, JobParameters, OwnedBatch } from '../domain/execution.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { buildGraph } from '../domain/graph.ts';
import type { JobDefinition } from '../domain/job.ts';
import type { Json } from '../domain/json.ts';
import { decideLaunch, notRecovered } from '../domain/launch-rules.ts';
import { quoteBriefly } from '../domain/names.ts';
import { stillRunning } from '../domain/replay-rules.ts';
import { formatInstant, type Instant } from '../domain/time.ts';
import type { Urgency } from '../domain/urgency.ts';
import { namedWindow, parametersWithWindow, withoutBatch } from '../domain/window-parameters.ts';
import type { Workflow } from '../domain/workflow.ts';
import type { LaunchedExecution } from '../ports/execution-taker.ts';
import type { Beside } from './commands.ts';
import { isWindowInDoubt } from './disowned-execution.ts';
import type { ExecutionRecords } from './execution-records.ts';
import { findLaunched, type LaunchIds, makeExecution } from './new-execution.ts';

/** What is launched, and how. */
export interface Launch {
  readonly definition: JobDefinition;
  readonly parameters: JobParameters;
  readonly force: boolean;
  /** Names of steps that it leaves out. */
  readonly deselected: readonly string[];
  /** What its context begins with, over what a restart finds there. */
  readonly context?: ReadonlyMap<string, Json>;
  readonly supersede: boolean;
  readonly urgency: Urgency;
  /** The execution that somebody restarts, or `null`. */
  readonly restarted: JobExecution | null;
  /** The name of the key, for the journal. */
  readonly by: string;
}

export interface LaunchAttempt {
  readonly ids: LaunchIds;
  /** Of a bound job, as it is now; `null` for others. */
  readonly workflow: Workflow | null;
  readonly now: Instant;
  readonly initialDate: Instant;
}

export interface Launched extends LaunchedExecution {
  readonly change: WorkflowChange | null;
  readonly beside: Beside;
}

/** Everything of a launch but the reading of its workflow: run again when something changed meanwhile. */
export async function attemptLaunch(
  records: ExecutionRecords,
  launch: Launch,
  { ids, workflow, now, initialDate }: LaunchAttempt,
): Promise<Launched> {
  const { definition, force } = launch;
  const { bond } = definition;
  const named = bond === null ? null : namedWindow(launch.parameters);
  if (workflow !== null && bond !== null && named === null) await refuseIfOwned(records, workflow, definition);
  const open = (owner: number) =>
    workflow === null || bond === null
      ? null
      : openBoundBatch(workflow, {
          jobs: bond.jobs,
          supersede: launch.supersede,
          backfill: named,
          owner,
          now,
          initialDate,
          by: launch.by,
        });
  // An id is taken only for what is not refused: until then the owner is nobody.
  const trial = open(0);
  const parameters =
    trial === null || bond === null ? launch.parameters : parametersWithWindow(launch.parameters, trial.batch, bond);
  const found = await findLaunched(records, definition, parameters, launch.restarted);
  const had = launch.restarted?.batch ?? null;
  const superseded =
    had === null || workflow === null || trial === null
      ? null
      : (loadedSince(workflow, had) ?? otherWindow(had, trial.batch));
  const inDoubt =
    trial !== null && found.before !== null && (await isWindowInDoubt(records, trial.batch, found.before.instance));
  const decision = decideLaunch({
    definition,
    graph: buildGraph(definition),
    before: found.before,
    running: found.running,
    forced: force,
    deselected: launch.deselected,
    // Who restarts an execution means that one, and is told what stands in the way; who launches wants the window loaded.
    restarts: launch.restarted !== null,
    window: bond === null ? null : { kind: named === null ? 'due' : 'named', loadedSince: superseded, inDoubt },
  });
  if (decision.kind === 'run' && decision.instance.kind === 'same' && found.before !== null)
    await refuseWhileReplayed(records, found.before.instance);
  // What completes at once loads nothing: no batch is opened for it.
  const opened = decision.kind === 'run' ? open(await ids.execution()) : null;
  const batch = opened?.batch ?? null;
  const made = await makeExecution(records, {
    definition,
    parameters: batch === null && bond !== null ? withoutBatch(parameters) : parameters,
    forced: force,
    deselected: launch.deselected,
    ...(launch.context === undefined ? {} : { context: launch.context }),
    urgency: launch.urgency,
    found,
    decision,
    batch,
    ids,
    now,
    by: launch.by,
  });
  return { ...made, change: opened?.change ?? null };
}

/** A launch that has the window open, running or not recovered, is told as that, rather than as somebody's open batch. */
async function refuseIfOwned(
  records: ExecutionRecords,
  workflow: Workflow,
  { name, bond }: JobDefinition,
): Promise<void> {
  const owner = owningExecution(workflow, bond?.jobs ?? null);
  const kept = owner === null ? null : await records.execution(owner);
  if (kept === null || kept.value.jobName !== name) return;
  if (kept.value.status === 'UNKNOWN') throw notRecovered(kept.value);
  if (!isLive(kept.value.status)) return;
  throw new BatchyError(
    'already-running',
    `Job ${quoteBriefly(name)}: its window is being loaded by execution ${kept.value.id}. Wait for its end, or stop it.`,
    { facts: { execution_id: kept.value.id, job_instance_id: kept.value.instanceId } },
  );
}

/** What is launched in an instance of which items are being replayed would write to the same target at the same time. */
async function refuseWhileReplayed(records: ExecutionRecords, { lastReplayId }: JobInstance): Promise<void> {
  const kept = lastReplayId === undefined ? null : await records.execution(lastReplayId);
  if (kept !== null && isLive(kept.value.status)) throw stillRunning(kept.value);
}

/** Why another window than that of a restarted execution is due, or `null`. */
function otherWindow(restarted: OwnedBatch, { from, until }: OwnedBatch): string | null {
  if (restarted.from === from && restarted.until === until) return null;
  return `the one that is due is from ${formatInstant(from)} until ${formatInstant(until)}`;
}
