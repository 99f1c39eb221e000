import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { TaskApp, TaskRun } from '../service/task-run.ts';
import type { CliContext } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { createProgress, tellAlreadyRunning, tellEnd, tellNothingLeft, untilTold } from './run-report.ts';
import { printable } from './terminal.ts';

export interface RunHere extends Pick<TaskRun, 'restart' | 'deselected' | 'context'> {
  /** Tasks at a time, where the application does not say it. */
  readonly maxProcs: number | undefined;
  /** Told at the end, where the application does not say whom. */
  readonly webhook: string | undefined;
  readonly dumpLogs: boolean;
}

/** Runs a task list in this process. @throws BatchyError `invalid-job`, `store-unavailable` */
export async function runHere(context: CliContext, app: TaskApp, run: RunHere): Promise<void> {
  const { terminal, machine, environment, workingFolder } = context;
  const { restart, deselected, maxProcs = app.maxProcs, webhook = app.webhook } = run;
  // Told twice, what guards the tasks ends them, and a restart goes on.
  const told = 'the tasks are told to end; the same once more ends all at once.';
  const end = await untilTold(context, told, (aborted) =>
    machine.runTasks({
      ...app,
      restart,
      deselected,
      context: run.context,
      passEnvironment: Object.keys(environment),
      workingDirectory: workingFolder,
      dataFolder: dataFolderOf(app),
      maxProcs,
      webhook,
      onProgress: createProgress(terminal),
      onProblem: (error) => terminal.err(`batchy: ${error instanceof Error ? error.message : String(error)}`),
      aborted,
    }),
  );
  if (end.kind === 'already-running')
    return tellAlreadyRunning(
      context,
      `${printable(app.name)} is running already, as another process. Wait for its end, or stop that.`,
    );
  if (end.kind === 'nothing-left') return tellNothingLeft(context, end.executionId);
  const kept = app.retentionDays === null ? '' : `, kept for ${app.retentionDays} days`;
  await tellEnd(
    context,
    {
      ...end,
      logs: `logs in ${end.logFolder}${kept}`,
      logOf: (task) => readFile(end.logOf(task), 'utf8').catch(() => ''),
    },
    run.dumpLogs,
  );
}

/** Has what has failed in the run that is under way, in another process, tried anew. @throws BatchyError */
export async function reviveHere({ machine, terminal }: CliContext, app: TaskApp): Promise<void> {
  const id = await machine.reviveTasks({ ...app, dataFolder: dataFolderOf(app) });
  if (id === null)
    throw new CommandFailure(
      exits.conflict,
      `Nothing of ${printable(app.name)} runs. What has failed in its last run is gone on with by: batchy run ${path.basename(app.file)} -r`,
    );
  terminal.out(`execution ${id}: what has failed is tried anew, with what waits for it`);
}

function dataFolderOf({ rootFolder }: TaskApp): string {
  return path.join(rootFolder, '.batchy');
}
