import { setTimeout as pause } from 'node:timers/promises';

import { CommandFailure, exits } from '../exit-codes.ts';
import { printable } from '../terminal.ts';
import { readWaitsyOptions, usage, type WaitsyOptions } from './options.ts';
import { type PolledWorkflow, pollWorkflow } from './poll.ts';

export interface WaitsyProcess {
  /** Without the program's own name. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Polls until all workflows are ready. @returns the exit code: 0, 1, 2 or 124 */
export async function runWaitsy({ argv, environment, stdout, stderr }: WaitsyProcess): Promise<number> {
  try {
    const options = await readWaitsyOptions(argv, environment);
    if (options === null) {
      stdout.write(usage);
      return exits.ok;
    }
    return await waitFor(options, (line) => stdout.write(`${line}\n`));
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    stderr.write(`waitsy: ${printable(error.message)}\n`);
    return error.exit;
  }
}

async function waitFor(options: WaitsyOptions, print: (line: string) => void): Promise<number> {
  const deadline =
    options.timeoutSeconds === null ? null : AbortSignal.timeout(Math.ceil(options.timeoutSeconds * 1000));
  let last: readonly PolledWorkflow[] = [];
  for (;;) {
    const polled = await Promise.all(options.workflows.map((workflow) => pollWorkflow(workflow, options, deadline)));
    // A poll that the deadline cut short found out nothing; what counts is how it was before.
    if (deadline?.aborted === true && last.length > 0 && polled.some(({ kind }) => kind === 'away'))
      return giveUp(last, options);
    last = polled;
    if (options.output !== 'quiet')
      print(
        options.output === 'json' ? JSON.stringify({ ready: isReady(polled), workflows: polled }) : describe(polled),
      );
    if (isReady(polled)) return exits.ok;
    if (options.failFast && polled.some(hasFailed)) return exits.failed;
    if (deadline?.aborted === true || !(await rest(options.intervalSeconds, deadline))) return giveUp(polled, options);
  }
}

function isReady(polled: readonly PolledWorkflow[]): boolean {
  return polled.every((workflow) => workflow.kind === 'known' && workflow.ready);
}

function hasFailed(polled: PolledWorkflow): boolean {
  return polled.kind === 'known' && polled.jobs.some(({ status }) => status === 'failed');
}

/** Not ready in time is one thing; a server that is not there at all is a mistake that somebody has to mend. */
function giveUp(polled: readonly PolledWorkflow[], { address, timeoutSeconds }: WaitsyOptions): number {
  const away = polled.find(({ kind }) => kind === 'away');
  if (away?.kind !== 'away') return exits.timeout;
  throw new CommandFailure(
    exits.usage,
    `The server at ${address.base} was still away after ${timeoutSeconds} s (${away.why}). Is it running, and is --url (BATCHY_URL) right?`,
  );
}

/** @returns whether there is time left after the pause */
async function rest(seconds: number, deadline: AbortSignal | null): Promise<boolean> {
  try {
    await pause(seconds * 1000, undefined, deadline === null ? {} : { signal: deadline });
    return true;
  } catch {
    return false;
  }
}

/** One line: `waiting for 2026-11-21: wf1 (job1: its batch has been open since …), wf2 ready`. */
function describe(polled: readonly PolledWorkflow[]): string {
  const date = polled.flatMap((workflow) => (workflow.kind === 'known' ? [workflow.date] : [])).at(0);
  const parts = polled.map((workflow) => {
    if (workflow.kind === 'away') return `${workflow.workflow} (the server is away: ${workflow.why})`;
    if (workflow.ready) return `${workflow.workflow} ready`;
    const reasons = workflow.jobs.filter(({ ready }) => !ready).map(({ job, why }) => `${job}: ${why ?? 'not ready'}`);
    return `${workflow.workflow} (${reasons.join('; ')})`;
  });
  return printable(
    `${isReady(polled) ? 'ready' : 'waiting'}${date === undefined ? '' : ` for ${date}`}: ${parts.join(', ')}`,
  );
}
