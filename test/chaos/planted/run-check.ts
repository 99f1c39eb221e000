import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

import type { Check, TestCheck } from './planted-bug.ts';

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

/** Where a check runs. */
interface Place {
  /** A copy of the project. */
  readonly folder: string;
  /** Ends it. */
  readonly cancelSignal: AbortSignal;
}

/** Runs a check in a copy of the project. */
export function runCheck(place: Place, check: Check): Promise<CheckResult> {
  return 'scenario' in check ? runScenario(place, check.scenario) : runTests(place, check);
}

async function runTests(place: Place, { file, name }: TestCheck): Promise<CheckResult> {
  const outcome = path.join(place.folder, 'planted-outcome.json');
  await rm(outcome, { force: true });
  const args = ['run', file, '--reporter=json', `--outputFile=${outcome}`];
  const ran = await run(place, 'vitest', name === undefined ? args : [...args, '-t', asPattern(name)]);
  if (ran.timedOut) return tooLong;
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

/** The same moments each time: what is drawn from the seed. */
const seed = '7';
/** What says nothing of the promises: the machine was too slow, or Redis could not be asked. */
const saysNothing = /^(not within|it could not be judged)/;

async function runScenario(place: Place, scenario: string): Promise<CheckResult> {
  const args = ['--disable-warning=ExperimentalWarning', 'test/chaos/index.ts', '--only', scenario, '--seed', seed];
  const ran = await run(place, 'node', args);
  if (ran.timedOut) return tooLong;
  if (ran.exitCode === 0) return { kind: 'passed', tests: 1 };
  const lines = ran.all.split('\n');
  const begin = lines.findLastIndex((line) => /^ {2}\d+ VIOLATIONS$/.test(line));
  const told = begin < 0 ? [] : lines.slice(begin + 1).flatMap((line) => /^ {4}(\S.*)/.exec(line)?.[1] ?? []);
  const failing = told.filter((what) => !saysNothing.test(what));
  if (failing.length > 0) return { kind: 'failed', failing };
  return { kind: 'broken', because: told[0] ?? ran.all.trim().slice(-1000) };
}

const tooLong: CheckResult = {
  kind: 'broken',
  because: `it did not end within ${longestMilliseconds / 60_000} minutes`,
};

function run({ folder, cancelSignal }: Place, command: string, args: readonly string[]) {
  return execa(command, args, {
    cwd: folder,
    preferLocal: true,
    localDir: folder,
    reject: false,
    all: true,
    timeout: longestMilliseconds,
    cancelSignal,
  });
}

/** A pattern that means just this text. */
function asPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
