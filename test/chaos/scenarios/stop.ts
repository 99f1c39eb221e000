import { setTimeout as pause } from 'node:timers/promises';

import { startLoad } from '../load.ts';
import type { Scenario } from '../scenario.ts';
import { repeatedRuns } from '../sink.ts';

/** Acceptance 6. */
export const stop: Scenario = {
  name: 'stop',
  about:
    'SIGTERM under load, workers and servers in turn: nothing is lost, nothing runs twice, each ends with exit code 0',
  async run(arena, { isShort }) {
    await arena.server('server');
    const other = await arena.server('other server');
    const workers = await arena.workers(['one', 'two', 'three']);
    const load = startLoad(arena, 100);
    const broken: string[] = [];
    const stopped: number[] = [];
    const members = [workers[0], other, workers[1], workers[2]].slice(0, isShort ? 2 : 4);
    for (const member of members) {
      if (member === undefined) continue;
      await pause(arena.chance.between(500, 2500));
      const began = performance.now();
      arena.say(`${member.name} is told to stop, ${load.launched} launched so far`);
      const code = await member.stop();
      stopped.push((performance.now() - began) / 1000);
      arena.say(`  it ends with ${code} after ${stopped.at(-1)?.toFixed(1)} s`);
      if (code !== 0) broken.push(`${member.name} ended with ${code}`);
      if (member === other) await arena.server(other.name);
      else await arena.workers([member.name]);
    }
    const executions = await load.ended();
    return {
      figures: [
        { what: 'executions', value: String(executions.length) },
        { what: 'seconds to stop', value: stopped.map((seconds) => seconds.toFixed(1)).join(', ') },
      ],
      rows: load.rows,
      broken: [...broken, ...load.wrong(executions), ...repeatedRuns(arena.notes.read(), () => 0)],
    };
  },
};
