import { setTimeout as pause } from 'node:timers/promises';

import { executionIndexes, idOfMember } from '../../../src/domain/document-index.ts';
import type { Arena } from '../arena.ts';
import type { Scenario } from '../scenario.ts';
import { repeatedRuns } from '../sink.ts';
import { notAs } from './taken-over.ts';

/** Acceptance 8. */
export const cron: Scenario = {
  name: 'cron',
  about:
    'a job of each second with three servers, of which one is killed and one paused: one run for each firing, none left out',
  async run(arena, { isShort }) {
    const [killed, paused] = [await arena.server('one'), await arena.server('two')];
    await arena.server('three');
    await arena.workers(['worker']);
    const schedule = { job: 'Fired', cron: '* * * * * *', zone: 'Europe/Berlin', catchup: 'all' };
    const set = await arena.call('PUT', '/schedules/tick', schedule);
    if (set.status >= 300) throw new Error(`the schedule was refused: ${set.text}`);
    const part = isShort ? 1500 : 5000;
    await pause(arena.chance.between(part, 2 * part));
    await killed.kill('all');
    arena.say('one of three servers is killed');
    await pause(arena.chance.between(part / 2, part));
    paused.pause();
    arena.say('another one is paused');
    await pause(arena.chance.between(part, 2 * part));
    paused.resume();
    arena.say('it goes on');
    await pause(part);
    const ended = await arena.call('POST', '/schedules/tick/pause', {});
    if (ended.status >= 300) throw new Error(`the schedule was not paused: ${ended.text}`);
    const executions = await arena.ended(await firedExecutions(arena));
    const firings = executions.map(({ parameters }) => parameters.get('scheduled_for')?.value as string).sort();
    const doubled = firings.filter((firing, place) => firing === firings[place - 1]);
    const gaps = firings.filter(
      (firing, place) => place > 0 && instantOf(firing) - instantOf(firings[place - 1] ?? '') > 1000,
    );
    return {
      figures: [{ what: 'firings', value: `${firings.length}, ${firings[0]} to ${firings.at(-1)}` }],
      broken: [
        ...notAs(executions, () => 'COMPLETED'),
        ...repeatedRuns(arena.notes.read(), () => 0),
        ...doubled.map((firing) => `${firing} has fired twice`),
        ...gaps.map((firing) => `there is none right before ${firing}`),
        ...(firings.length < 3 ? [`there are ${firings.length} firings`] : []),
      ],
    };
  },
};

function instantOf(firing: string): number {
  return Date.parse(`${firing.slice(0, 23)}Z`);
}

async function firedExecutions(arena: Arena): Promise<number[]> {
  const page = { prefix: '', direction: 'ascending', beyond: null, limit: 10_000 } as const;
  return (await arena.witness.documents.scan({ index: executionIndexes.ofJob('Fired'), ...page })).map(idOfMember);
}
