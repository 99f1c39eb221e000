import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';

import type { StepContext } from 'batchy';

/**
 * What has happened outside, for whoever judges it: one line each, in the order in which it happened, whichever process did it. Short
 * lines that are appended do not mix.
 */
export function note(
  ctx: Pick<StepContext, 'execution'>,
  what: string,
  more: Readonly<Record<string, unknown>> = {},
): void {
  const { id, jobName, stepName } = ctx.execution;
  const line = { what, execution: id, job: jobName, step: stepName, process: process.pid, at: Date.now(), ...more };
  appendFileSync('notes.ndjson', `${JSON.stringify(line)}\n`);
}

/** Works for so long, or until it is told to end. */
export async function work(ctx: StepContext, milliseconds: number): Promise<void> {
  await pause(milliseconds, undefined, { signal: ctx.signal });
}
