import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

import { isJsonObject, type Json, type JsonObject, parseJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf, positiveNumber, workflowPath } from './client-options.ts';
import type { ClientRequest } from './client.ts';
import type { CliContext, RegisterCommand } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { cellText } from './table.ts';

interface WaitFlags extends ClientFlags {
  readonly date?: string;
  readonly timezone?: string;
  readonly newDay?: string;
  readonly failFast?: boolean;
}

/** A proxy may cut a request that is silent for a minute; so each asks for less. */
const sliceSeconds = 25;
const graceSeconds = 15;
const pauseMilliseconds = 1000;

export const register: RegisterCommand = (program, context) => {
  const command = program
    .command('wait')
    .description(
      'Wait until every job of a workflow has succeeded on the day, saying why not yet. A server that is briefly away is waited for.',
    )
    .argument('<workflow>')
    .option('--timeout <seconds>', 'give up after so many seconds, with exit code 124 (default: never)', positiveNumber)
    .option('--date <date>', 'the day, YYYY-MM-DD (default: today)')
    .option('--timezone <zone>', 'the zone of that day, for example Europe/Berlin (default: UTC)')
    .option('--new-day <time>', 'when the business day begins, HH:MM (default: 00:00)')
    .option('--fail-fast', 'exit with 1 as soon as a job has failed');
  addClientOptions(command, { timeout: false });

  command.action(async (workflow: string, flags: WaitFlags) => {
    const path = workflowPath('/workflows', workflow, '/wait');
    const query = { date: flags.date, timezone: flags.timezone, new_day: flags.newDay, fail_fast: flags.failFast };
    const until = flags.timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + flags.timeout * 1000;
    await waitUntil(context, workflow, flags, { path, query }, until);
  });
};

async function waitUntil(
  context: CliContext,
  workflow: string,
  flags: WaitFlags,
  request: ClientRequest,
  until: number,
): Promise<void> {
  const { terminal } = context;
  const say = (line: string): void => (flags.json === true ? terminal.err(line) : terminal.out(line));
  let told = '';
  const tell = (lines: readonly string[]): void => {
    const text = lines.join('\n');
    if (text !== told) for (const line of lines) say(`${workflow}: ${line}`);
    told = text;
  };
  for (;;) {
    const begun = performance.now();
    const seconds = Math.max(0, Math.min(sliceSeconds, (until - begun) / 1000));
    const outcome = await ask(context, flags, request, seconds);
    if (outcome instanceof CommandFailure) {
      if (performance.now() >= until) throw outcome;
      tell([outcome.message]);
    } else {
      const jobs = jobsOf(outcome.answer);
      const isReady = isJsonObject(outcome.answer) && outcome.answer['ready'] === true;
      const hasFailed = flags.failFast === true && jobs.some((job) => job['status'] === 'failed');
      if (!isReady) tell(jobs.filter((job) => job['ready'] !== true).map(whyNot));
      if (isReady || hasFailed || performance.now() >= until) {
        if (flags.json === true) terminal.out(outcome.text);
        else if (isReady) terminal.out(`${workflow}: ready${dayOf(outcome.answer)}`);
        if (!isReady) context.end(hasFailed ? exits.failed : exits.timeout);
        return;
      }
    }
    // A server that answers at once (it is stopping, say) must not be asked in a frenzy.
    if (performance.now() - begun < seconds * 1000 - pauseMilliseconds)
      await pause(Math.min(pauseMilliseconds, Math.max(0, until - performance.now())));
  }
}

/** One request. That the server is away is an answer, too; all else that fails is thrown. */
async function ask(
  context: CliContext,
  flags: WaitFlags,
  request: ClientRequest,
  seconds: number,
): Promise<{ answer: Json; text: string } | CommandFailure> {
  const client = clientOf(context, { ...flags, timeout: seconds + graceSeconds });
  try {
    const { text } = await client.send({ ...request, query: { ...request.query, timeout: Math.floor(seconds) } });
    return { answer: parseJson(text), text };
  } catch (error) {
    if (error instanceof CommandFailure && (error.exit === exits.unreachable || error.exit === exits.timeout))
      return error;
    throw error;
  }
}

function jobsOf(answer: Json): JsonObject[] {
  const jobs = isJsonObject(answer) ? answer['jobs'] : undefined;
  return Array.isArray(jobs) ? (jobs as readonly Json[]).filter(isJsonObject) : [];
}

function whyNot(job: JsonObject): string {
  const median = job['median_duration_seconds'];
  const last = job['last_success'];
  return [
    `${cellText(job['job'])}: ${cellText(job['why'])}`,
    last == null ? 'it has never succeeded' : `last success ${cellText(last)}`,
    ...(typeof median === 'number'
      ? [`it usually takes ${median < 10 ? median.toFixed(1) : Math.round(median)} s`]
      : []),
  ].join('; ');
}

function dayOf(answer: Json): string {
  const date = isJsonObject(answer) ? answer['date'] : undefined;
  return typeof date === 'string' ? ` for ${date}` : '';
}
