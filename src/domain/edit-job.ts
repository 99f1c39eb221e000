import type { WorkflowChange } from './change.ts';
import { BatchyError, type ErrorPlace } from './errors.ts';
import { type Json, sameJson } from './json.ts';
import { quoteBriefly } from './names.ts';
import { checkOwner, supersededRecords } from './open-batch.ts';
import {
  batchOwned,
  escapePointer,
  type Parameters,
  readSpecialParameters,
  type SpecialParameters,
} from './special-parameters.ts';
import { floorToMicrosecond, type Instant } from './time.ts';
import { batchTakenAway, type JobState, journalWindow } from './job-state.ts';
import { changeWorkflow } from './transition.ts';
import { jobLedger, knownBatch, type Workflow } from './workflow.ts';

export interface EditRequest {
  readonly job: string;
  /** Parameters to set, the watermark `from_date` among them. */
  readonly set: Readonly<Record<string, Json>>;
  /** Names of parameters to remove. */
  readonly remove: readonly string[];
  readonly force: boolean;
  readonly reason: string;
  readonly now: Instant;
  readonly by: string;
}

/**
 * Edits a job's parameters or its watermark. An edited `from_date` makes the job `new`, so that the next open uses it, and
 * clears the mark of a wrong clock: the operator has spoken.
 * @throws BatchyError `unknown-job`, `batch-open`, `owned`, `invalid-body`
 */
export function editJob(workflow: Workflow, request: EditRequest): WorkflowChange {
  const parameters = workflow.jobs.get(request.job);
  if (parameters === undefined)
    throw new BatchyError(
      'unknown-job',
      `Workflow ${quoteBriefly(workflow.name)} has no job ${quoteBriefly(request.job)}.`,
    );
  const now = floorToMicrosecond(request.now);
  const movesWatermark = Object.hasOwn(request.set, 'from_date') || request.remove.includes('from_date');
  const edited = editedParameters(parameters, request, movesWatermark);
  const after = checkEdited(request.job, edited);
  const state = currentState(workflow, request.job, parameters);
  if (state?.special.status === 'open') {
    if (!request.force) throw stillOpen(state);
    checkOwner(request.job, state.known?.owner ?? null, null, request.force);
  }
  return changeWorkflow(workflow, {
    jobs: new Map([[request.job, edited]]),
    ...(movesWatermark
      ? { known: new Map([[request.job, { batch: state && batchTakenAway(state), skewNoticedAt: null }]]) }
      : {}),
    records:
      movesWatermark && state !== null ? supersededRecords([state], 'the watermark was edited', now, request.by) : [],
    journal: [
      {
        type: 'job-edited',
        workflow: workflow.name,
        at: now,
        by: request.by,
        reason: request.reason,
        batchId: after.batchId,
        jobs: [
          {
            job: request.job,
            before: state === null ? null : journalWindow(state),
            after: journalWindow({ special: after, known: movesWatermark ? null : (state?.known ?? null) }),
            changed: changedNames(parameters, edited),
          },
        ],
      },
    ],
  });
}

/** The job as stored, or `null` when its special parameters cannot be read: an edit is how they are mended. */
function currentState(workflow: Workflow, job: string, parameters: Parameters): JobState | null {
  const special = readSpecialParameters(parameters);
  if ('problems' in special) return null;
  return { job, parameters, special, ledger: jobLedger(workflow, job), known: knownBatch(workflow, job, special) };
}

function editedParameters(parameters: Parameters, { set, remove }: EditRequest, movesWatermark: boolean): Parameters {
  const places: ErrorPlace[] = [];
  const edited = new Map(parameters);
  const unreadable = 'problems' in readSpecialParameters(parameters);
  const emits =
    parameters.get('emit_to_date') === true &&
    (set['emit_to_date'] ?? true) === true &&
    !remove.includes('emit_to_date');
  for (const name of [...Object.keys(set), ...remove]) {
    // What a batch wrote may be edited only to mend what cannot be read.
    if ((batchOwned.has(name) || (name === 'to_date' && emits)) && !unreadable)
      places.push({
        pointer: `/set/${escapePointer(name)}`,
        detail: `${name} is written by batches; edit from_date to have a window run again`,
      });
    if (Object.hasOwn(set, name) && remove.includes(name))
      places.push({ pointer: `/remove`, detail: `${name} is both set and removed` });
  }
  for (const name of remove) {
    if (!edited.delete(name))
      places.push({ pointer: '/remove', detail: `the job has no parameter ${quoteBriefly(name)}` });
  }
  if (places.length > 0)
    throw new BatchyError('invalid-body', `${places.map(({ detail }) => detail).join('; ')}.`, { places });
  for (const [name, value] of Object.entries(set)) edited.set(name, value);
  if (movesWatermark) edited.set('status', 'new');
  return edited;
}

function checkEdited(job: string, edited: Parameters): SpecialParameters {
  const special = readSpecialParameters(edited, '/set');
  if (!('problems' in special)) return special;
  throw new BatchyError(
    'invalid-body',
    `Job ${quoteBriefly(job)}: ${special.problems.map(({ detail }) => detail).join('; ')}.`,
    { places: special.problems },
  );
}

function changedNames(before: Parameters, after: Parameters): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => !sameJson(before.get(name), after.get(name)),
  );
}

function stillOpen({ job, special }: JobState): BatchyError {
  return new BatchyError(
    'batch-open',
    `Job ${quoteBriefly(job)} has batch ${special.batchId ?? '?'} open. Close or fail it first, or say force=true; a forced edit of from_date fails that batch.`,
    {
      facts: { batch_id: special.batchId },
    },
  );
}
