import { access } from 'node:fs/promises';
import path from 'node:path';

import { quoteBriefly } from '../../domain/names.ts';
import { withoutSecrets } from '../../domain/secrets.ts';
import { PlainFailure } from '../error-text.ts';
import type { WorkerBody } from '../step-body.ts';
import type { StoredContext } from '../worker-process/context-requests.ts';
import { keepsCompiled } from '../worker-process/compile-cache.ts';
import { findPython, withoutPython } from '../worker-process/find-python.ts';
import { talkToWorker, type WorkerTalk } from '../worker-process/talk.ts';
import { endText, programEnvironment, runProgram, secretsOf } from './process-group.ts';
import type { StepRun } from './step-run.ts';

const programs = path.join(import.meta.dirname, '../worker-process');
const nodeFlags = ['--disable-warning=ExperimentalWarning', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
/**
 * Output comes as it is written. Nothing compiled is kept: our own folder may not be ours to write to, and Python takes what it has
 * kept of a worker for that of one of the same length that was saved within the same second.
 */
const pythonFlags = ['-u', '-B'];

/**
 * Runs a worker to its end, in a process of its own; what it writes and logs goes to the step's log. Aborted, its process is ended
 * within the grace, and all that it has started.
 * @throws Error for what the worker throws, a `retcode` above 0, a process that ends before its worker, a worker that cannot be loaded;
 * the signal's reason when aborted
 */
export async function runWorker(body: WorkerBody, run: StepRun, context: StoredContext): Promise<void> {
  const { ctx, log, tools } = run;
  const { file, worker } = body;
  const name = `Worker ${quoteBriefly(worker)} of ${path.basename(file)}`;
  await access(file).catch((cause: unknown) => {
    throw new PlainFailure(`${name} cannot be run: there is no file ${file}.`, { cause });
  });
  const environment = environmentOf(body, run);
  const command = await commandOf(body, environment);
  let talk: WorkerTalk | null = null;
  const ended = await runProgram(
    {
      command,
      environment,
      workingDirectory: body.workingDirectory,
      // So that it has ended when the grace is over, however little it listens.
      killAfterMilliseconds: tools.graceMilliseconds / 2,
      talk(line) {
        talk = talkToWorker(line, { file, worker, arguments: body.arguments }, { log, context });
      },
    },
    run,
  );
  const end = (talk as WorkerTalk | null)?.end ?? null;
  if (end === null)
    throw new PlainFailure(
      `${name} did not get to its end: its process ${endText(ended)}; its output is in the step’s log`,
    );
  if (end.failure !== null) throw failureOf(end.failure, secretsOf(ctx, environment));
  if (end.retcode > 0)
    throw new PlainFailure(`${name} failed with retcode ${end.retcode}; its output is in the step’s log`);
}

function environmentOf({ language, environment, passEnvironment }: WorkerBody, run: StepRun): Record<string, string> {
  const ofStep = programEnvironment(run, environment, passEnvironment);
  if (language === 'node') return { ...keepsCompiled, ...ofStep };
  const before = environment['PYTHONPATH'] ?? run.tools.environment['PYTHONPATH'] ?? '';
  return {
    // What it writes is read as UTF-8, whatever the machine's language.
    PYTHONIOENCODING: 'utf-8',
    ...ofStep,
    PYTHONPATH: [path.join(programs, 'python/library'), ...(before === '' ? [] : [before])].join(path.delimiter),
  };
}

async function commandOf({ language }: WorkerBody, environment: Record<string, string>): Promise<string[]> {
  if (language === 'node') return [process.execPath, ...nodeFlags, path.join(programs, 'node/host.ts')];
  const python = await findPython(environment['PATH']);
  if (python === null) throw new PlainFailure(withoutPython);
  return [python, ...pythonFlags, path.join(programs, 'python/host.py')];
}

/** As if it had been thrown here: its stack is the worker's own. */
function failureOf({ message, detail }: { message: string; detail: string }, secrets: readonly string[]): Error {
  const error = new Error(withoutSecrets(message, secrets));
  error.stack = withoutSecrets(detail, secrets);
  return error;
}
