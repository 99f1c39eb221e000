import type { NodeOutcome } from '../../domain/graph.ts';
import type { StoredPart } from '../../domain/part.ts';
import { onAbort } from '../on-abort.ts';
import { isToRevive } from '../revival.ts';
import type { RunningExecution } from '../running-execution.ts';
import type { StepWork } from '../step-dispatch.ts';
import type { PartOutcome } from '../steps/partition.ts';
import type { Holder, Sharing } from './sharing.ts';

type Outcome = NodeOutcome & PartOutcome;

/** After so long nobody seems to want what was offered, in milliseconds. */
const patience = 1500;

/** Whether any conductor may run it, rather than only the one that has the execution. */
export function isDistributed({ stepName, definition, body }: StepWork): boolean {
  if (definition.distributed !== true || stepName !== definition.name) return false;
  // The parts of a partitioned step are shared, each by itself; what a replay has in its memory cannot be.
  return body.kind !== 'partition' && !(body.kind === 'chunk' && body.replayed !== undefined);
}

/**
 * Has another conductor run a step, where others are online that may and this one is busy with the execution, or lacks what the step needs. What
 * nobody takes runs here after all, if it can.
 * @param onBegun told when nothing need wait for its beginning
 * @returns `null`: it is to run here
 * @throws the reason for which the execution may not go on here
 */
export async function runElsewhere(
  running: RunningExecution,
  work: StepWork,
  onBegun: () => void,
): Promise<Outcome | null> {
  const { definition, stepName } = work;
  const { sharing } = running;
  if (sharing === null) return null;
  const isAble = sharing.mayRunHere(definition);
  // Before anything is awaited: of several that begin at once the first runs here.
  const release = isAble && !sharing.isWorking() ? sharing.works() : null;
  try {
    const earlier = (await sharing.earlier(stepName)).find(({ part }) => part.stepName === stepName);
    if (earlier !== undefined) return await waitFor(running, sharing, earlier, { work, onBegun, release });
    const before = running.session.state.steps.get(stepName);
    const isBegun = before !== undefined && !isToRevive(running.session.state.execution, before);
    // Its row is written by the owner of the execution, as long as it lives.
    if (isBegun || running.aborted.aborted) return null;
    if (isAble && (release !== null || (await sharing.others(definition)) === 0)) {
      if (await sharing.canRunHere(definition)) return null;
    }
    release?.();
    const offer = { stepName, definition, partition: null, checkpoint: work.checkpoint };
    const [stored] = await sharing.offer(running, [offer]);
    if (stored === undefined) return null;
    return await waitFor(running, sharing, stored, { work, onBegun, release: null });
  } finally {
    release?.();
  }
}

interface Waiting {
  readonly work: StepWork;
  readonly onBegun: () => void;
  readonly release: (() => void) | null;
}

/** Waits for the end of what was offered, and takes it back where nobody has it. */
async function waitFor(
  running: RunningExecution,
  sharing: Sharing,
  offered: StoredPart,
  { work: { definition }, onBegun, release }: Waiting,
): Promise<Outcome | null> {
  const { tools, aborted } = running;
  const now = (): number => tools.timers.monotonic();
  let stored = offered;
  let holder: Holder = 'nobody';
  let freeSince = now();
  let mayTryAt = Number.NEGATIVE_INFINITY;
  onBegun();
  release?.();
  const waits = sharing.waits();
  const abortion = Promise.withResolvers<void>();
  const deafen = onAbort(aborted, () => abortion.resolve());
  try {
    for (;;) {
      const news = sharing.heard();
      const [where] = await sharing.look([stored]);
      const hindrance = running.cannotGoOn();
      if (hindrance !== undefined) throw hindrance;
      if (where === undefined || where.kind === 'gone') return null;
      if (where.kind === 'ended') return where.outcome;
      if (where.holder === 'nobody' && holder !== 'nobody') freeSince = now();
      ({ stored, holder } = where);
      const isFree = holder === 'nobody' || holder === 'lost';
      const isOverdue = holder === 'lost' || now() - freeSince >= patience || !sharing.isWorking();
      if (aborted.aborted && isFree) {
        // What has not begun ends as one that begins now would.
        if (stored.revision === 1 ? await sharing.retract(stored) : await sharing.revoke(stored)) return null;
      } else if (isFree && isOverdue && sharing.mayRunHere(definition) && now() >= mayTryAt) {
        mayTryAt = now() + patience;
        const done = sharing.works();
        const ended = await sharing.runHere(stored, running).finally(done);
        if (ended !== null) continue;
      }
      await Promise.race(aborted.aborted ? [news] : [news, abortion.promise]);
    }
  } finally {
    deafen();
    waits();
  }
}
