import type { Arena } from '../arena.ts';
import type { Note } from '../notes.ts';
import type { Scenario } from '../scenario.ts';
import { repeatedRuns } from '../sink.ts';
import { inItsMiddle, notAs, notedByOthers, ownerOf, promptTakeovers, takenFrom, whoNotedLast } from './taken-over.ts';

/** What somebody is in the middle of, and how it is seen. */
export interface Victim {
  readonly name: string;
  readonly job: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly isCounted: (note: Note) => boolean;
  readonly mostNotes: number;
  readonly becomes: 'COMPLETED' | 'REVERTED';
  /** Not its owner is killed, but who has noted last. */
  readonly isPart?: true;
}

/** Rows of one run. */
export const rowsOfRun = 500;

export const victims: readonly Victim[] = [
  {
    name: 'a chunk step into a table',
    job: 'Rows',
    parameters: { rows: rowsOfRun },
    isCounted: ({ step, what }) => step === 'Load' && what === 'chunk',
    mostNotes: 18,
    becomes: 'COMPLETED',
  },
  {
    name: 'a chunk step that notes',
    job: 'Rows',
    parameters: { rows: rowsOfRun },
    isCounted: ({ step, what }) => step === 'Note' && what === 'chunk',
    mostNotes: 18,
    becomes: 'COMPLETED',
  },
  {
    name: 'a partition',
    job: 'Parts',
    parameters: { rows: rowsOfRun },
    isCounted: ({ what }) => what === 'chunk',
    mostNotes: 18,
    becomes: 'COMPLETED',
  },
  {
    name: 'a part that anybody runs',
    job: 'Parts',
    parameters: { rows: rowsOfRun },
    isCounted: ({ what }) => what === 'chunk',
    mostNotes: 14,
    becomes: 'COMPLETED',
    isPart: true,
  },
  {
    name: 'a shell step',
    job: 'Shell',
    parameters: {},
    isCounted: ({ what }) => what === 'begun',
    mostNotes: 1,
    becomes: 'COMPLETED',
  },
  {
    name: 'a flow',
    job: 'flow',
    parameters: { fails: false },
    isCounted: () => true,
    mostNotes: 14,
    becomes: 'COMPLETED',
  },
  {
    name: 'a flow that reverts',
    job: 'flow',
    parameters: { fails: true },
    isCounted: () => true,
    mostNotes: 24,
    becomes: 'REVERTED',
  },
];

/** Acceptance 2. */
export const kill: Scenario = {
  name: 'kill',
  about: 'kill -9 the owner in the middle of a chunk step, a partition, a shell step, a flow: another goes on',
  async run(arena, { isShort }) {
    await arena.server('server');
    await arena.workers(['one', 'two', 'three']);
    const chosen = isShort ? [arena.chance.pick(victims.slice(0, 3)), arena.chance.pick(victims.slice(4))] : victims;
    const resumed: number[] = [];
    const launched: { readonly id: number; readonly number: number; readonly victim: Victim }[] = [];
    for (const [number, victim] of chosen.entries()) {
      const id = await arena.launch(victim.job, { ...victim.parameters, number });
      launched.push({ id, number, victim });
      const seconds = await (victim.isPart === true ? killPart : killInTheMiddle)(arena, id, victim);
      if (seconds !== null) resumed.push(seconds);
    }
    const executions = await arena.ended(launched.map(({ id }) => id));
    const becomes = new Map(launched.map(({ id, victim }) => [id, victim.becomes]));
    const takeovers = new Map(executions.map((execution) => [execution.id, execution.takeovers]));
    const tables = launched.filter(({ victim: { job } }) => job === 'Rows' || job === 'Parts');
    const prompt = promptTakeovers(arena, resumed);
    return {
      figures: prompt.figures,
      rows: new Map(tables.map(({ number }) => [number, rowsOfRun])),
      broken: [
        ...notAs(executions, (id) => becomes.get(id) ?? ''),
        ...repeatedRuns(arena.notes.read(), (id) => takeovers.get(id) ?? 0),
        ...prompt.broken,
        ...(await uncountedAttempts(arena, launched)),
      ],
    };
  },
};

async function killInTheMiddle(arena: Arena, id: number, victim: Victim): Promise<number> {
  await inItsMiddle(arena, id, victim.isCounted, victim.mostNotes);
  const { member, conductor } = await ownerOf(arena, id);
  const whom = arena.chance.pick(['all', 'all', 'conductor'] as const);
  const noted = arena.notes.of(id).at(-1);
  await member.kill(whom);
  arena.say(
    `${victim.name}: ${whom === 'all' ? member.name : `the process of ${member.name} that runs jobs`} is killed with execution ${id} (${victim.job}), behind "${noted?.step} ${noted?.what} ${noted?.first ?? ''}"`,
  );
  const seconds = await takenFrom(arena, id, conductor);
  const successor = await arena.owner(id);
  arena.say(`  ${successor?.member.name ?? 'another'} has it after ${seconds.toFixed(1)} s`);
  if (whom === 'all') await arena.workers([member.name]);
  else await arena.online([member]);
  return seconds;
}

async function killPart(arena: Arena, id: number, victim: Victim): Promise<number | null> {
  await inItsMiddle(arena, id, victim.isCounted, victim.mostNotes);
  const { member, note } = whoNotedLast(arena, id);
  const owner = await arena.owner(id);
  await member.kill('all');
  const whose = owner?.member === member ? 'its owner' : `while ${owner?.member.name} owns it`;
  arena.say(`${victim.name}: ${member.name} is killed, ${whose}, behind "${note.step} ${note.what} ${note.first}"`);
  const seconds = await notedByOthers(arena, id, note);
  arena.say(seconds === null ? '  it was done' : `  somebody else goes on with it after ${seconds.toFixed(1)} s`);
  await arena.workers([member.name]);
  return seconds;
}

/** A program that was under way when its owner was lost has had an attempt. */
async function uncountedAttempts(
  arena: Arena,
  launched: readonly { readonly id: number; readonly victim: Victim }[],
): Promise<string[]> {
  const broken: string[] = [];
  for (const { id, victim } of launched) {
    if (victim.job !== 'Shell') continue;
    const begun = arena.notes.of(id).filter(({ what }) => what === 'begun').length;
    const counted = (await arena.steps(id)).reduce((sum, { counters }) => sum + 1 + counters.retry, 0);
    if (counted !== begun)
      broken.push(`execution ${id} (Shell) has begun ${begun} times and counts ${counted} attempts`);
  }
  return broken;
}
