import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

import type { Check } from './planted-bug.ts';

/** `broken`: it could not be run to its end, which says nothing. */
export type CheckResult =
  | { readonly kind: 'passed'; readonly tests: number }
  | { readonly kind: 'failed'; readonly failing: readonly string[] }
  | { readonly kind: 'broken'; readonly because: string };

interface Report {
  readonly numPassedTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const longestMilliseconds = 10 * 60_000;

/** Runs the tests of a check in a copy of the project. @param folder the copy */
export async function runCheck(folder: string, { file, name }: Check): Promise<CheckResult> {
  const outcome = path.join(folder, 'planted-outcome.json');
  await rm(outcome, { force: true });
  const args = ['run', file, '--reporter=json', `--outputFile=${outcome}`];
  const ran = await execa('vitest', name === undefined ? args : [...args, '-t', asPattern(name)], {
    cwd: folder,
    preferLocal: true,
    localDir: folder,
    reject: false,
    all: true,
    timeout: longestMilliseconds,
  });
  if (ran.timedOut) return { kind: 'broken', because: `it did not end within ${longestMilliseconds / 60_000} minutes` };
  const report = await readFile(outcome, 'utf8').then(
    (text) => JSON.parse(text) as Report,
    () => null,
  );
  if (report === null) return { kind: 'broken', because: ran.all.trim().slice(-1000) };
  const failing = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .flatMap(({ fullName, status }) => (status === 'failed' ? [fullName] : []));
  if (failing.length > 0) return { kind: 'failed', failing };
  const problem = report.testResults.find(({ message }) => message !== '')?.message;
  if (ran.exitCode !== 0) return { kind: 'broken', because: problem ?? ran.all.trim().slice(-1000) };
  if (report.numPassedTests === 0) return { kind: 'broken', because: 'no test was run' };
  return { kind: 'passed', tests: report.numPassedTests };
}

/** A pattern that means just this text. */
function asPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
