import { pino } from 'pino';

import type { FastifyBaseLogger } from 'fastify';

import type { Settings } from '../config/schema.ts';

/** The service's log: JSON lines on standard output's neighbour, standard error, so that the start's text stays readable. */
export function createLogger(settings: Pick<Settings, 'LOG_LEVEL'>): FastifyBaseLogger {
  return pino(
    { level: settings.LOG_LEVEL, redact: ['req.headers.authorization', '*.password', '*.secret', '*.token'] },
    pino.destination(2),
  );
}

/** What a start prints: where everything is, and three lines to try. */
export function describeStart(address: string): string {
  return [
    `Batchy listens on ${address}`,
    `  API docs    ${address}/docs`,
    `  workflows   ${address}/workflows`,
    '',
    'Try it:',
    `  curl -X POST ${address}/load_cfg/wf1`,
    `  curl -X POST ${address}/open_batch/wf1`,
    `  curl -X POST "${address}/close_batch/wf1?batch_id=BATCH_ID"`,
    '',
    '',
  ].join('\n');
}
