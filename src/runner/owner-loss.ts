import type { Ending } from '../domain/heartbeat.ts';
import type { Logs } from './step-log.ts';

/** Says in an execution's log why its owner was lost, and what comes of it. */
export function logOwnerLoss(logs: Logs, executionId: number, { because }: Ending, outcome: string): void {
  const log = logs.open(executionId, null);
  const loss = because === null ? 'gives no sign of life' : because;
  log.write('warn', `the process that ran it ${loss}; ${outcome}`);
  log.close();
}
