import { type Logger, pino } from 'pino';

import type { Settings } from './config/schema.ts';

/** Where a logged error could carry a key, or the parameters that the Redis driver was given. */
const secretPlaces = ['req.headers.authorization', 'err.command.args'];

/** The log of a process that goes on until it is told to stop: to standard error, so that standard output stays readable. */
export function openLog({ LOG_LEVEL }: Settings): Logger {
  // Written beside the requests, not before their answers, and many at a time; what is left is written when the process ends.
  const destination = pino.destination({ dest: 2, sync: false, minLength: 4096, periodicFlush: 100 });
  return pino({ level: LOG_LEVEL, redact: secretPlaces }, destination);
}
