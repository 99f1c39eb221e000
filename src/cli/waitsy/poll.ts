import { CommandFailure, exits } from '../exit-codes.ts';
import { unreachableReason } from '../server-address.ts';
import type { WaitsyOptions } from './options.ts';

/** What a poll found out about one workflow. */
export type PolledWorkflow =
  | {
      readonly workflow: string;
      readonly kind: 'known';
      readonly ready: boolean;
      /** The business day that it was held against. */
      readonly date: string;
      readonly jobs: readonly PolledJob[];
    }
  | { readonly workflow: string; readonly kind: 'away'; readonly why: string };

export interface PolledJob {
  readonly job: string;
  readonly ready: boolean;
  readonly status: string;
  readonly why: string | null;
}

/** A server that takes longer counts as away for this poll. */
const answerSeconds = 30;

/**
 * Asks for one workflow's status, by the route that every Batchy has ever had, and holds it against the day.
 * @throws CommandFailure when waiting longer is of no use: unknown workflow, no access, no Batchy
 */
export async function pollWorkflow(
  workflow: string,
  options: WaitsyOptions,
  deadline: AbortSignal | null,
): Promise<PolledWorkflow> {
  // The rules are read while the answer is on its way, so that the first line is not kept waiting for them.
  const [answer, rules] = await Promise.all([ask(workflow, options, deadline), import('./readiness.ts')]);
  if ('why' in answer) return { workflow, kind: 'away', why: answer.why };
  const date = options.date ?? rules.businessDay(serverTime(answer.headers), options);
  const jobs = Object.entries(answer.jobs).map(([job, parameters]) =>
    rules.readinessOf(job, parameters, { ...options, date }),
  );
  return { workflow, kind: 'known', ready: jobs.every(({ ready }) => ready), date, jobs };
}

interface Answer {
  readonly headers: Headers;
  readonly jobs: Readonly<Record<string, unknown>>;
}

async function ask(
  workflow: string,
  { address }: WaitsyOptions,
  deadline: AbortSignal | null,
): Promise<Answer | { readonly why: string }> {
  let response: Response;
  let text: string;
  try {
    const patience = AbortSignal.timeout(answerSeconds * 1000);
    response = await fetch(`${address.base}/get_status/${encodeURIComponent(workflow)}`, {
      headers: { accept: 'application/json', ...address.headers },
      signal: deadline === null ? patience : AbortSignal.any([deadline, patience]),
    });
    text = await response.text();
  } catch (error) {
    return { why: unreachableReason(error) };
  }
  const { status, headers } = response;
  if (status === 404) throw unknown(workflow, address.base);
  // A gateway without a server behind it, a store that restarts, a server that is overloaded: these pass.
  if (status >= 500 || status === 429) return { why: `it answers ${status}${detailOf(text)}` };
  if (!response.ok)
    throw new CommandFailure(
      exits.usage,
      `${address.base} answers ${status} for workflow ${workflow}${detailOf(text)}`,
    );
  const jobs = parseMap(text);
  if (jobs === null)
    throw new CommandFailure(
      exits.usage,
      `What answers at ${address.base} is no Batchy server. Is --url (BATCHY_URL) right?`,
    );
  // The older program answers an empty map for a workflow that it does not know, and calls it ready.
  if (Object.keys(jobs).length === 0) throw unknown(workflow, address.base);
  return { headers, jobs };
}

function unknown(workflow: string, base: string): CommandFailure {
  return new CommandFailure(
    exits.usage,
    `There is no workflow ${JSON.stringify(workflow)} at ${base}. Load its configuration first: batchy load ${workflow}`,
  );
}

/** The clock that stamps `batch_end` also says what day it is: this machine's may be in another zone, or wrong. */
function serverTime(headers: Headers): Date {
  const time = new Date(headers.get('date') ?? '');
  if (!Number.isNaN(time.getTime())) return time;
  throw new CommandFailure(
    exits.usage,
    'The server does not say what time it is (no Date header): say by --date which day is meant.',
  );
}

function parseMap(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function detailOf(text: string): string {
  const detail = parseMap(text)?.['detail'];
  return typeof detail === 'string' ? `: ${detail}` : '';
}
