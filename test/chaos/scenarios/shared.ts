import type { Scenario } from '../scenario.ts';
import { repeatedRuns } from '../sink.ts';
import { notAs } from './taken-over.ts';

/** Acceptance 1. */
export const shared: Scenario = {
  name: 'shared',
  about: 'three workers, 300 executions: each is run once, and all three take part',
  async run(arena, { isShort }) {
    const server = await arena.server('server');
    const workers = await arena.workers(['one', 'two', 'three']);
    const count = isShort ? 60 : 300;
    arena.say(`${server.name} and ${workers.length} workers are up; ${count} executions are launched`);
    const began = performance.now();
    const ids: number[] = [];
    const launchSome = async (): Promise<void> => {
      while (ids.length < count) {
        const place = ids.push(0) - 1;
        ids[place] = await arena.launch('Once', { number: place, milliseconds: arena.chance.whole(0, 40) });
      }
    };
    await Promise.all(Array.from({ length: 8 }, launchSome));
    const executions = await arena.ended(ids);
    const seconds = (performance.now() - began) / 1000;
    const notes = arena.notes.read();
    const shares = workers.map((worker) => {
      const its = worker.processes();
      return new Set(notes.filter(({ process }) => its.has(process)).map(({ execution }) => execution)).size;
    });
    arena.say(`they have run ${shares.join(', ')}`);
    const missing = ids.filter((id) => arena.notes.of(id).length === 0);
    return {
      figures: [
        { what: 'executions of each worker', value: shares.join(', '), reach: 'all take part' },
        { what: 'executions a second', value: (count / seconds).toFixed(0) },
      ],
      broken: [
        ...notAs(executions, () => 'COMPLETED'),
        ...repeatedRuns(notes, () => 0),
        ...missing.map((id) => `execution ${id} has not run`),
        ...(shares.includes(0) ? [`a worker has run none: ${shares.join(', ')}`] : []),
      ],
    };
  },
};
