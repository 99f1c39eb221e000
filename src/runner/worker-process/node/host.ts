import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { equipWorkers, Worker } from '../../../authoring/worker.ts';
import { quoteBriefly } from '../../../domain/names.ts';
import { provideAuthoringImport } from '../../authoring-import.ts';
import { errorStack, errorText, PlainFailure } from '../../error-text.ts';
import { brokenBy } from '../../job-file-problem.ts';
import { lineDescriptor } from '../../steps/process-group.ts';
import { tellNobodyOfCompiled } from '../compile-cache.ts';
import type { WorkerEnd, WorkerStart } from '../messages.ts';
import { openBlockingLine } from './blocking-line.ts';
import { equipmentOver } from './equipment.ts';
import { runHooks } from './hooks.ts';

/** The program in which one attempt of a worker in TypeScript or JavaScript runs: told over the line what, and telling there how it ended. */
const line = openBlockingLine(lineDescriptor);
const start = line.receive() as WorkerStart;
tellNobodyOfCompiled(process.env);
provideAuthoringImport();
equipWorkers(equipmentOver(line, start.arguments));
process.argv = [process.argv[0] ?? '', start.file, ...start.arguments];

let fail = (error: unknown): void => {
  line.send(failed(errorText(error), errorStack(error)));
  process.exit(1);
};
process.on('uncaughtException', (error) => fail(error));
process.on('beforeExit', () =>
  fail(new PlainFailure('It waits for what cannot come any more: nothing is left that could.')),
);
const made = await make(start);
const end = made instanceof Worker ? await runToEnd(made) : made;
if (end === null) {
  // As if nobody had listened to it.
  process.removeAllListeners('SIGTERM');
  process.kill(process.pid, 'SIGTERM');
} else {
  line.send(end);
  // What the worker has not waited for does not hold its task up.
  process.exit(0);
}

async function runToEnd(worker: Worker): Promise<WorkerEnd | null> {
  const hooks = runHooks(worker);
  fail = hooks.fail;
  process.once('SIGTERM', () => hooks.stop());
  return hooks.ended;
}

/** @returns the worker, or why there is none */
async function make({ file, worker: name }: WorkerStart): Promise<Worker | WorkerEnd> {
  const base = path.basename(file);
  const exported = await import(pathToFileURL(file).href).catch(async (error: unknown) => {
    const { message, line: number, column } = await brokenBy(error, path.dirname(file), base);
    const place = number === null ? '' : `, line ${number}${column === null ? '' : `, column ${column}`}`;
    return failed(`${base}${place}: ${message}`, errorStack(error));
  });
  if (isEnd(exported)) return exported;
  const WorkerClass = find(exported as object, name);
  if (typeof WorkerClass !== 'function') {
    const classes = Object.entries(exported as object).flatMap(([key, value]) => (isWorkerClass(value) ? [key] : []));
    const there = classes.length === 0 ? 'it exports no worker at all' : `its workers are ${classes.join(', ')}`;
    return failed(`${base} exports no class ${quoteBriefly(name)}; ${there}.`);
  }
  if (!isWorkerClass(WorkerClass))
    return failed(
      `${quoteBriefly(name)} of ${base} is no worker: write “class ${name} extends Worker”, with Worker from batchy.`,
    );
  if (typeof WorkerClass.prototype.run !== 'function') return failed(`${quoteBriefly(name)} of ${base} has no run().`);
  try {
    return new WorkerClass();
  } catch (error) {
    return failed(errorText(error), errorStack(error));
  }
}

type WorkerClass = (new () => Worker) & { readonly prototype: Worker };

function isWorkerClass(value: unknown): value is WorkerClass {
  return typeof value === 'function' && value.prototype instanceof Worker;
}

/** By the name of the export, or of the class where it is the default; of a CommonJS module, what it assigned. */
function find(exported: object, name: string): unknown {
  const named: unknown = Reflect.get(exported, name);
  const standard: unknown = Reflect.get(exported, 'default');
  if (named !== undefined || standard === undefined || standard === null) return named;
  if (typeof standard === 'function' && standard.name === name) return standard;
  return typeof standard === 'object' ? Reflect.get(standard, name) : undefined;
}

function failed(message: string, detail = message): WorkerEnd {
  return { do: 'end', retcode: 1, failure: { message, detail } };
}

function isEnd(value: unknown): value is WorkerEnd {
  return typeof value === 'object' && value !== null && Reflect.get(value, 'do') === 'end';
}
