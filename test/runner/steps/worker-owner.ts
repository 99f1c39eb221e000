import { systemTimers } from '../../../src/adapters/system/timers.ts';
import { createWorld, jobOf } from '../world.ts';
import { workerIn } from './worker-world.ts';

/** A process that runs the worker `Task` of the file that is named, until somebody kills it. */
const [, , file = ''] = process.argv;
const world = await createWorld({ timers: systemTimers });
await world.runNew(jobOf([{ name: 'Task', body: workerIn(file, 'Task', { workingDirectory: process.cwd() }) }]));
