import { statSync } from 'node:fs';
import path from 'node:path';

import { BatchyError } from '../domain/errors.ts';
import type { StepBody, WorkerBody } from './step-body.ts';
import { findPython, withoutPython } from './worker-process/find-python.ts';

const endings = [
  ['.ts', 'node'],
  ['.js', 'node'],
  ['.py', 'python'],
] as const;
/** Names with dots between them, as Python's: none of them can lead out of a folder. */
const moduleForm = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/** Told before anything runs. @throws BatchyError `invalid-job` where workers in Python are to run and there is none */
export async function requirePython(bodies: Iterable<StepBody>, searchPath: string | undefined): Promise<void> {
  const needsIt = [...bodies].some((body) => body.kind === 'worker' && body.language === 'python');
  if (needsIt && (await findPython(searchPath)) === null) throw new BatchyError('invalid-job', withoutPython);
}

/** The file of a task's module, in the first folder that has one. @returns `null` where none has, or the name can be none */
export function findTaskModule(
  module: string,
  folders: readonly string[],
): Pick<WorkerBody, 'file' | 'language'> | null {
  if (!moduleForm.test(module)) return null;
  for (const folder of folders) {
    for (const [ending, language] of endings) {
      const file = path.join(folder, ...module.split('.')) + ending;
      if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return { file, language };
    }
  }
  return null;
}
