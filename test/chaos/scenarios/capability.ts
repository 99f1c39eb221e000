import { setTimeout as pause } from 'node:timers/promises';

import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import { notAs } from './taken-over.ts';

/** Acceptance 4 and 5. */
export const capability: Scenario = {
  name: 'capability',
  about:
    'a job that needs gpu waits and says so until one with it comes; one whose port is taken is not begun until it is free',
  async run(arena) {
    await arena.server('server');
    await arena.workers(['plain']);
    const freePort = arena.put('port');
    const id = await arena.launch('Picky');
    const broken: string[] = [];
    const about = async () => (await arena.call('GET', `/executions/${id}`)).json as Record<string, unknown>;
    const { awaits } = await until('it says what it waits for', 20, async () => {
      const found = await about();
      return found['awaits'] === null ? null : found;
    });
    arena.say(`it awaits ${String(awaits)}`);
    if (!String(awaits).includes('gpu')) broken.push(`it says that it awaits ${String(awaits)}`);

    const [able] = await arena.workers(['able'], { CAPABILITIES: 'gpu' });
    arena.say('one with gpu has come, but the port is taken');
    await pause(arena.chance.between(2000, 4000));
    const waiting = await about();
    if (waiting['status'] !== 'STARTING' || waiting['start_time'] !== null)
      broken.push(
        `it is ${String(waiting['status'])}, started ${String(waiting['start_time'])}, while the port is taken`,
      );
    freePort();
    const began = performance.now();
    const executions = await arena.ended([id]);
    const seconds = (performance.now() - began) / 1000;
    arena.say(`the port is free: it has run ${seconds.toFixed(1)} s later`);
    const [note] = arena.notes.of(id);
    if (note === undefined || able?.processes().has(note.process) !== true) broken.push('it did not run where gpu is');
    return {
      figures: [{ what: 'run after the port was free', value: `${seconds.toFixed(1)} s` }],
      broken: [
        ...broken,
        ...notAs(executions, () => 'COMPLETED'),
        ...executions.flatMap(({ takeovers }) => (takeovers === 0 ? [] : ['an attempt was lost'])),
      ],
    };
  },
};
