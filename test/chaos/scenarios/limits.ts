import type { Arena } from '../arena.ts';
import type { Scenario } from '../scenario.ts';
import { crowds, repeatedRuns } from '../sink.ts';
import { until } from '../until.ts';
import { aMoment, notAs, secondsText, takenFrom } from './taken-over.ts';

const most = 2;

/** Acceptance 9. */
export const limits: Scenario = {
  name: 'limits',
  about:
    'two of a job may run at a time: launches, restarts, owners that are killed; and a third launch of another job is refused',
  arena: { limits: { maxRunning: { Limited: most }, maxConcurrent: { Few: most } } },
  async run(arena, { isShort }) {
    await arena.server('server');
    await arena.server('other server');
    await arena.workers(['one', 'two', 'three']);
    const count = isShort ? 10 : 40;
    const failing = new Set(Array.from({ length: count / 5 }, () => arena.chance.whole(0, count - 1)));
    for (const number of failing) arena.put(`fails-${number}`);
    const ids = await Promise.all(
      Array.from({ length: count }, (_each, number) =>
        arena.launch('Limited', { number, milliseconds: arena.chance.whole(100, 900) }),
      ),
    );
    arena.say(`${count} are launched, ${failing.size} of which fail once`);
    const [resumed, few] = await Promise.all([killOwners(arena, isShort ? 1 : 4), launchFew(arena, isShort ? 20 : 60)]);
    const executions = await arena.ended([...ids, ...few.ids], 180);
    const failed = executions.filter(({ status }) => status === 'FAILED');
    arena.say(`${failed.length} have failed, and are restarted`);
    const again: number[] = [];
    for (const { id } of failed) {
      const { status, text, json } = await arena.call('POST', `/executions/${id}/restart`);
      if (status !== 202) throw new Error(`the restart was refused: ${text}`);
      again.push(json.execution_id as number);
    }
    const restarted = await arena.ended(again);
    const notes = arena.notes.read();
    await arena.follow();
    return {
      figures: [
        { what: 'executions', value: `${executions.length + restarted.length}, ${few.refused} launches refused` },
        { what: `gone on with, lease ${arena.leaseSeconds} s`, value: secondsText(resumed) },
      ],
      broken: [
        ...notAs([...executions.filter(({ status }) => status !== 'FAILED'), ...restarted], () => 'COMPLETED'),
        ...(failed.length === failing.size ? [] : [`${failed.length} have failed where ${failing.size} were to`]),
        ...crowds(notes, 'Limited', most),
        ...crowds(notes, 'Few', most),
        ...repeatedRuns(notes, arena.judge.takeovers.of),
        ...(few.refused > 0 ? [] : ['no launch was refused']),
      ],
    };
  },
};

/** Kills the owner of one that runs, again and again. @returns seconds until another had it */
async function killOwners(arena: Arena, times: number): Promise<number[]> {
  const resumed: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const due = arena.notes.read().length + arena.chance.whole(2, 6);
    const note = await until('one runs', 15, () => {
      const notes = arena.notes.read();
      const last = notes.at(-1);
      return notes.length >= due && last?.job === 'Limited' && last.what === 'begun' && last;
    }).catch(() => null);
    // All have ended before.
    if (note === null) break;
    const owner = await arena.owner(note.execution);
    if (owner === null) continue;
    const { member, conductor } = owner;
    await member.kill('all');
    const lease = await arena.lease(note.execution);
    const execution = await arena.execution(note.execution);
    arena.say(`${member.name} is killed with execution ${note.execution} (${execution?.status})`);
    if (lease?.conductor === conductor && execution?.endedAt === null)
      resumed.push(await takenFrom(arena, note.execution, conductor));
    await arena.workers([member.name]);
  }
  return resumed;
}

/** Two clients launch at once what may run only twice at a time. */
async function launchFew(arena: Arena, times: number): Promise<{ readonly ids: number[]; readonly refused: number }> {
  const ids: number[] = [];
  let refused = 0;
  let number = 0;
  const launchOn = async (): Promise<void> => {
    while (number < times) {
      const own = (number += 1);
      const { status, text, json } = await arena.call('POST', '/jobs/Few/launch', { number: own });
      if (status === 202) ids.push(json.execution_id as number);
      else if (status === 409) refused += 1;
      else throw new Error(`a launch of Few was answered ${status}: ${text}`);
      await aMoment(arena, 150);
    }
  };
  await Promise.all([launchOn(), launchOn(), launchOn()]);
  return { ids, refused };
}
