import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { BatchStatus } from '../domain/execution.ts';
import { type Json, type JsonObject, stringifyJson } from '../domain/json.ts';
import { type TaskLetter, taskLetters } from '../domain/task-list.ts';
import type { TaskApp, TaskRun } from '../service/task-run.ts';
import type { TaskState } from '../service/task-states.ts';
import { type ClientFlags, clientOf, pathSegment } from './client-options.ts';
import type { Client } from './client.ts';
import type { CliContext } from './context.ts';
import { executionPath, objectOf } from './execution-table.ts';
import { lookUntilEnd } from './execution-wait.ts';
import { listOf } from './graph-fields.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { jobPath } from './launch.ts';
import { listDifferences } from './list-differences.ts';
import { createProgress, tellAlreadyRunning, tellEnd, tellNothingLeft, untilTold } from './run-report.ts';
import { serverAddress } from './server-address.ts';
import { cellText } from './table.ts';

export interface RunOnServer extends Pick<TaskRun, 'restart' | 'deselected' | 'context'> {
  readonly server: ClientFlags;
  readonly dumpLogs: boolean;
}

/** Refusals of a launch that say that it runs. */
const running: ReadonlySet<string | null> = new Set(['already-running', 'too-many-running']);

/**
 * The server's job of that name, seen to be the same list as the one here.
 * @throws CommandFailure also where there is none, or another list
 */
export async function findOnServer(context: CliContext, app: TaskApp, flags: ClientFlags) {
  const client = clientOf(context, flags);
  const { base } = serverAddress({ url: flags.url, key: flags.key, environment: context.environment });
  const file = path.basename(app.file);
  const job = await client.json({ path: jobPath(app.name) }).catch((error: unknown) => {
    if (!(error instanceof CommandFailure) || error.code !== 'unknown-job-definition') throw error;
    const { exit, message, code, places } = error;
    const advice = `Put ${file} into the folder cfg/jobs of the server at ${base}, with its app_profile; its workers into cfg/workers.`;
    throw new CommandFailure(exit, `${message} ${advice} Nothing was run.`, { code, places, cause: error });
  });
  const { version, graph, last_execution: last } = objectOf(job);
  const differences = listDifferences(app.list, objectOf(graph ?? null));
  if (differences.length > 0)
    throw new CommandFailure(
      exits.usage,
      `The list of job ${app.name} on the server at ${base} is not that of ${file}: ${differences.join('; ')}. Nothing was run: copy the one over the other.`,
    );
  const digest = createHash('sha256').update(await readFile(app.file));
  if (!digest.digest('hex').startsWith(cellText(version)))
    context.terminal.err(
      `batchy: the file of the server at ${base} is not word for word ${file}: the same tasks, but what they run may differ. The server's is what runs.`,
    );
  return { client, lastExecution: objectOf(last ?? null) };
}

/** Runs a task list on a server, and follows it to its end. @throws CommandFailure */
export async function runOnServer(context: CliContext, app: TaskApp, run: RunOnServer): Promise<void> {
  const { terminal } = context;
  const { client, lastExecution } = await findOnServer(context, app, run.server);
  if (run.restart && lastExecution['status'] === 'COMPLETED')
    return tellNothingLeft(context, Number(cellText(lastExecution['id'])));
  const told = 'the server is asked to stop the run; the same once more ends this command alone.';
  try {
    const id = await untilTold(context, told, async (aborted) => {
      const launched = objectOf(await client.json(launchOf(app, run)));
      const execution = launched['execution_id'];
      terminal.err(cellText(launched['message']));
      await follow(context, client, execution, aborted);
      return execution;
    });
    const { status, tasks } = await standing(client, id, true);
    const logs = `batchy logs ${cellText(id)}`;
    const logOf = (task: string): Promise<string> => wholeLog(client, id, task);
    await tellEnd(context, { executionId: Number(cellText(id)), status, tasks, logs, logOf }, run.dumpLogs);
  } catch (error) {
    if (!(error instanceof CommandFailure) || !running.has(error.code)) throw error;
    tellAlreadyRunning(context, error.message);
  }
}

function launchOf({ name }: TaskApp, { restart, deselected, context }: RunOnServer) {
  const what: Record<string, Json> = restart ? { restart } : { leave_out: deselected };
  return {
    method: 'POST',
    path: `${jobPath(name)}/run`,
    body: stringifyJson({ ...what, context: Object.fromEntries(context) }),
    idempotencyKey: randomUUID(),
  } as const;
}

async function follow(context: CliContext, client: Client, id: Json | undefined, aborted: AbortSignal): Promise<void> {
  const { terminal } = context;
  const tell = createProgress(terminal);
  const stop = (): void =>
    void client
      .send({ method: 'POST', path: `${executionPath(id)}/stop`, idempotencyKey: randomUUID() })
      .catch((error: unknown) => terminal.err(`batchy: ${error instanceof Error ? error.message : String(error)}`));
  if (aborted.aborted) stop();
  aborted.addEventListener('abort', stop);
  try {
    await lookUntilEnd(context, client, { id, until: Number.POSITIVE_INFINITY }, async () =>
      tell((await standing(client, id, false)).tasks),
    );
  } finally {
    aborted.removeEventListener('abort', stop);
  }
}

/** How an execution and its tasks stand. @param withMessages why tasks have failed, too */
async function standing(
  client: Client,
  id: Json | undefined,
  withMessages: boolean,
): Promise<{ readonly status: BatchStatus; readonly tasks: readonly TaskState[] }> {
  const graph = objectOf(await client.json({ path: `${executionPath(id)}/graph` }));
  const steps = withMessages ? listOf(await client.json({ path: `${executionPath(id)}/steps` })) : [];
  const messages = new Map(steps.map((step) => [step['step_name'], cellText(step['exit_message'])]));
  const tasks = listOf(graph['nodes']).flatMap((node) => {
    const task = objectOf(node['task'] ?? null);
    const letter = taskLetters.find((each) => each === task['letter']);
    return letter === undefined ? [] : [taskState(node, task, letter, messages)];
  });
  return { status: cellText(graph['status']) as BatchStatus, tasks };
}

function taskState(
  { name }: JsonObject,
  { id }: JsonObject,
  letter: TaskLetter,
  messages: ReadonlyMap<Json | undefined, string>,
): TaskState {
  return { id: Number(cellText(id)), name: cellText(name), letter, message: messages.get(name) ?? '' };
}

async function wholeLog(client: Client, id: Json | undefined, task: string): Promise<string> {
  let whole = '';
  for (let next: string | null = `${executionPath(id)}/steps/${pathSegment(task)}/log`; next !== null;) {
    const answer = await client.send({ path: next });
    whole += answer.text;
    next = answer.text === '' ? null : answer.next;
  }
  return whole;
}
