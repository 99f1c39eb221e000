import { setTimeout as pauseFor } from 'node:timers/promises';

import type { Arena } from '../arena.ts';
import type { Scenario } from '../scenario.ts';
import { rowsOfRun, type Victim, victims } from './kill.ts';
import { inItsMiddle, notAs, ownerOf, promptTakeovers, takenFrom } from './taken-over.ts';

const beginnings = new Set(['begun', 'execute', 'revert', 'chunk']);

/** Acceptance 3. */
export const pause: Scenario = {
  name: 'pause',
  about: 'SIGSTOP the owner past its lease, another finishes, SIGCONT: nothing is written behind its back',
  async run(arena, { isShort }) {
    await arena.server('server');
    await arena.workers(['one', 'two', 'three']);
    const chosen = isShort ? [arena.chance.pick(victims)] : victims;
    const launched: { readonly id: number; readonly number: number; readonly victim: Victim }[] = [];
    const resumed: number[] = [];
    const broken: string[] = [];
    for (const [number, victim] of chosen.entries()) {
      const id = await arena.launch(victim.job, { ...victim.parameters, number });
      launched.push({ id, number, victim });
      const outcome = await pauseInTheMiddle(arena, id, victim);
      resumed.push(outcome.seconds);
      broken.push(...outcome.broken);
    }
    const executions = await arena.ended(launched.map(({ id }) => id));
    const becomes = new Map(launched.map(({ id, victim }) => [id, victim.becomes]));
    const tables = launched.filter(({ victim: { job } }) => job === 'Rows' || job === 'Parts');
    const prompt = promptTakeovers(arena, resumed);
    return {
      figures: prompt.figures,
      rows: new Map(tables.map(({ number }) => [number, rowsOfRun])),
      broken: [...broken, ...notAs(executions, (id) => becomes.get(id) ?? ''), ...prompt.broken],
    };
  },
};

async function pauseInTheMiddle(
  arena: Arena,
  id: number,
  victim: Victim,
): Promise<{ readonly seconds: number; readonly broken: readonly string[] }> {
  await inItsMiddle(arena, id, victim.isCounted, victim.mostNotes);
  const { member, conductor } = await ownerOf(arena, id);
  const processes = member.processes();
  member.pause();
  while (!arena.isTableFree()) {
    member.resume();
    await pauseFor(arena.chance.between(5, 50));
    member.pause();
  }
  const noted = arena.notes.of(id).length;
  arena.say(`${victim.name}: ${member.name} is paused with execution ${id} (${victim.job}), behind ${noted} notes`);
  const seconds = await takenFrom(arena, id, conductor);
  const successor = await arena.owner(id);
  arena.say(`  ${successor?.member.name ?? 'another'} has it after ${seconds.toFixed(1)} s`);
  await arena.ended([id]);
  const whole = arena.notes.of(id).length;
  await pauseFor(arena.chance.between(0, 500));
  member.resume();
  await arena.online([member]);
  await pauseFor(arena.leaseSeconds * 1000);
  const behind = arena.notes.of(id).slice(whole);
  arena.say(`  ${member.name} goes on; it notes ${behind.length} times more`);
  // What one step was in the midst of may end; nothing new is begun.
  return {
    seconds,
    broken: behind
      .filter(({ what, process }) => beginnings.has(what) && processes.has(process))
      .map(({ what, step }) => `execution ${id}: ${member.name} noted ${step} ${what} after it had ended elsewhere`),
  };
}
