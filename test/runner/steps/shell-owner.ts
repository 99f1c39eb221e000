import { systemTimers } from '../../../src/adapters/system/timers.ts';
import { createWorld, jobOf } from '../world.ts';

/** A process that runs a shell step which tells its process id in the file that is named, until somebody kills it. */
const [, , file = ''] = process.argv;
const world = await createWorld({ timers: systemTimers });
await world.runNew(
  jobOf([
    {
      name: 'Long',
      body: {
        kind: 'shell',
        argv: ['sh', '-c', 'echo $$ > "$0"; sleep 600', file],
        shell: false,
        passEnvironment: [],
        environment: {},
        workingDirectory: null,
      },
    },
  ]),
);
