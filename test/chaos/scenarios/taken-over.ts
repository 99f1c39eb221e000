import type { Arena } from '../arena.ts';
import type { Member } from '../member.ts';
import type { Note } from '../notes.ts';
import type { Outcome } from '../scenario.ts';
import { until } from '../until.ts';

/** Seconds beyond a lease within which somebody goes on. */
export const resumeSeconds = 5;

/** Waits until an execution is somewhere in its middle, then for a moment that falls anywhere. */
export async function inItsMiddle(
  arena: Arena,
  id: number,
  isCounted: (note: Note) => boolean,
  mostNotes: number,
): Promise<void> {
  const due = arena.chance.whole(1, mostNotes);
  await until(`execution ${id} has noted ${due} times`, 60, () => arena.notes.of(id).filter(isCounted).length >= due);
  await aMoment(arena, 120);
}

/** Lets a drawn time pass: what happens next is to fall anywhere. @param most in milliseconds */
export async function aMoment({ chance }: Arena, most: number): Promise<void> {
  await new Promise((resolve) => void setTimeout(resolve, chance.between(0, most)));
}

/** @throws Error where nobody of ours has it */
export function ownerOf(arena: Arena, id: number): Promise<{ readonly member: Member; readonly conductor: string }> {
  return until(`execution ${id} has an owner`, 60, () => arena.owner(id));
}

/** Who has noted last of an execution: where its parts run elsewhere, that is not its owner. */
export function whoNotedLast(arena: Arena, id: number): { readonly member: Member; readonly note: Note } {
  const note = arena.notes.of(id).at(-1);
  const member = arena.members.findLast(
    (each) => each.isAlive && note !== undefined && each.processes().has(note.process),
  );
  if (note === undefined || member === undefined)
    throw new Error(`nobody of ours has noted anything of execution ${id}`);
  return { member, note };
}

/** @returns seconds until somebody else notes something of a step; `null` where nothing of it was left to do */
export async function notedByOthers(arena: Arena, id: number, { step, process }: Note): Promise<number | null> {
  const began = performance.now();
  const isOthers = (note: Note): boolean => note.step === step && note.process !== process;
  await until(`somebody else goes on with ${step} of execution ${id}`, 60, async () => {
    const execution = await arena.execution(id);
    return arena.notes.of(id).some(isOthers) || execution?.endedAt !== null;
  });
  return arena.notes.of(id).some(isOthers) ? (performance.now() - began) / 1000 : null;
}

/** What is told of how soon others went on, and those times that were too long. */
export function promptness({
  what,
  seconds,
  most,
}: {
  readonly what: string;
  readonly seconds: readonly number[];
  readonly most: number;
}): Pick<Outcome, 'figures' | 'broken'> {
  return {
    figures: [{ what, value: secondsText(seconds), reach: `≤ ${most} s` }],
    broken: seconds.flatMap((each) => (each <= most ? [] : [`it took ${each.toFixed(1)} s to go on`])),
  };
}

/** Those of owners that were killed, or paused. */
export function promptTakeovers({ leaseSeconds }: Arena, seconds: readonly number[]): ReturnType<typeof promptness> {
  return promptness({ what: `gone on with, lease ${leaseSeconds} s`, seconds, most: leaseSeconds + resumeSeconds });
}

/** @returns seconds until another conductor has it, or it has ended by then */
export async function takenFrom(arena: Arena, id: number, conductor: string): Promise<number> {
  const began = performance.now();
  await until(`execution ${id} is taken from ${conductor}`, 60, async () => {
    const lease = await arena.lease(id);
    return lease !== null && lease.conductor !== null && lease.conductor !== conductor;
  });
  return (performance.now() - began) / 1000;
}

export function secondsText(seconds: readonly number[]): string {
  if (seconds.length === 0) return 'never';
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)];
  return `${least.toFixed(1)} to ${most.toFixed(1)} s`;
}

/** Those that have not ended as they should, each with how it has. */
export function notAs(
  executions: readonly {
    readonly id: number;
    readonly jobName: string;
    readonly status: string;
    readonly exitMessage: string;
  }[],
  statusOf: (id: number) => string,
): string[] {
  return executions.flatMap(({ id, jobName, status, exitMessage }) =>
    status === statusOf(id) ? [] : [`execution ${id} (${jobName}) is ${status}: ${exitMessage}`],
  );
}
