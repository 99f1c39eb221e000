import { exitOfRun } from '../domain/task-exit.ts';
import { formatInstant, type Instant } from '../domain/time.ts';
import { errorText } from './error-text.ts';
import type { ExecutionState } from './execution-state.ts';
import type { RunnableJob } from './job.ts';

/** Within which a webhook must have answered, in milliseconds. */
const webhookDeadline = 10_000;

/** Of an answer, in bytes; nobody looks at it. */
const readAtMost = 16 * 1024;

export interface WebhookOptions {
  readonly deadlineMilliseconds?: number;
  /** Told why it was told nothing, where that is so. */
  readonly onFailure: (message: string) => void;
}

/**
 * Tells the webhook of a task list, if it has one, how a run of it has ended. Never throws: a run is not worse for it. A redirect is not
 * followed. Whoever writes the list's profile, or types the command, may have tasks ask whatever they like from this machine; so the
 * address may be one of its own network.
 */
export async function tellWebhook(
  { definition, webhook }: RunnableJob,
  state: Pick<ExecutionState, 'execution' | 'steps'>,
  { deadlineMilliseconds = webhookDeadline, onFailure }: WebhookOptions,
): Promise<void> {
  if (webhook == null) return;
  const url = new URL(webhook);
  // Few lists have one, and the client is the greatest of all that is loaded.
  const [{ request }, { createGuardedAgent }] = await Promise.all([import('undici'), import('./network-guard.ts')]);
  const agent = createGuardedAgent({ allowPrivate: true });
  const deadline = AbortSignal.timeout(deadlineMilliseconds);
  try {
    const answer = await request(new URL(url.pathname + url.search, url.origin), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...credentialsOf(url) },
      body: JSON.stringify(reportOf(definition.steps, state)),
      signal: deadline,
      dispatcher: agent,
    });
    await answer.body.dump({ limit: readAtMost, signal: deadline }).catch(() => undefined);
    if (answer.statusCode < 200 || answer.statusCode > 299) onFailure(failure(url, `answered ${answer.statusCode}`));
  } catch (error) {
    const why = deadline.aborted
      ? `did not answer within ${deadlineMilliseconds / 1000} s`
      : `failed: ${errorText(error)}`;
    onFailure(failure(url, why));
  } finally {
    // Not `close`, which would wait for whoever does not answer.
    await agent.destroy();
  }
}

/** The path and the query may be what opens it, and are told to nobody. */
function failure({ origin }: URL, what: string): string {
  return `the webhook at ${origin} ${what}; it may not know that the run has ended`;
}

function credentialsOf({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function reportOf(
  listed: RunnableJob['definition']['steps'],
  { execution, steps }: Pick<ExecutionState, 'execution' | 'steps'>,
) {
  const failed = listed.flatMap(({ name, task }) => {
    const step = steps.get(name);
    return step?.status === 'FAILED' ? [{ id: task?.id ?? null, name, message: step.exitMessage }] : [];
  });
  return {
    app: execution.jobName,
    execution_id: execution.id,
    status: execution.status,
    exit_code: exitOfRun(execution.status, failed.length),
    failed_tasks: failed,
    started: timeOf(execution.startedAt),
    ended: timeOf(execution.endedAt),
  };
}

function timeOf(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
