import path from 'node:path';

import { plantedBugs } from './bugs/index.ts';
import { copyTree } from './copied-tree.ts';
import { type PlantOptions, readOptions, usage } from './options.ts';
import { type Check, checkTitle, type PlantedBug } from './planted-bug.ts';
import { type CheckResult, runCheck } from './run-check.ts';

/** `npm run plant`: whether the checks see the mistakes that they are there to see. */

interface Verdict {
  readonly bug: PlantedBug;
  readonly isCaught: boolean;
  readonly words: string;
}

const root = path.resolve(import.meta.dirname, '../../..');

async function plantAll(bugs: readonly PlantedBug[], checkOf: (bug: PlantedBug) => Check): Promise<readonly Verdict[]> {
  const interrupted = new AbortController();
  // Not once: a library that ends children with this process would end it, were nobody else left to listen.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
  const tree = await copyTree(root);
  const unplanted = new Map<string, CheckResult>();
  const verdicts: Verdict[] = [];
  const run = (check: Check): Promise<CheckResult> =>
    runCheck({ folder: tree.folder, cancelSignal: interrupted.signal }, check);
  try {
    for (const bug of bugs) {
      if (interrupted.signal.aborted) break;
      const check = checkOf(bug);
      const title = checkTitle(check);
      const before = unplanted.get(title) ?? (await run(check));
      unplanted.set(title, before);
      const verdict =
        before.kind === 'passed'
          ? verdictOf(bug, title, await tree.withBug(bug, () => run(check)))
          : { bug, isCaught: false, words: `the check does not pass without it: ${wordsOf(before)}` };
      // What was cut off says nothing.
      if (interrupted.signal.aborted) break;
      verdicts.push(verdict);
      console.error(`${verdicts.length} of ${bugs.length}  ${bug.id}: ${verdict.words}`);
    }
  } finally {
    await tree.remove();
  }
  return verdicts;
}

function verdictOf(bug: PlantedBug, check: string, result: CheckResult): Verdict {
  if (result.kind === 'passed') return { bug, isCaught: false, words: `ESCAPES ${check}` };
  return { bug, isCaught: result.kind === 'failed', words: wordsOf(result) };
}

function wordsOf(result: CheckResult): string {
  if (result.kind === 'broken') return `could not be run: ${result.because}`;
  if (result.kind === 'passed') return 'passed';
  const [first = '', ...more] = result.failing;
  return more.length === 0 ? `caught by: ${first}` : `caught by: ${first} (and ${more.length} more)`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([id]) => id.length));
  return rows.map(([id, words]) => `${id.padEnd(width)}  ${words}`).join('\n');
}

async function plant({ bugs, byScenarios, lists }: PlantOptions): Promise<boolean> {
  if (lists) {
    console.log(table(bugs.map(({ id, bug, breaks }) => [id, `${bug} (${breaks})`])));
    return true;
  }
  const verdicts = await plantAll(bugs, ({ scenario, caughtBy }) =>
    byScenarios && scenario !== undefined ? { scenario } : caughtBy,
  );
  const caught = verdicts.filter(({ isCaught }) => isCaught);
  console.log(table(verdicts.map(({ bug, words }) => [bug.id, words])));
  console.log(`\n${caught.length} of ${bugs.length} planted bugs are caught.`);
  return caught.length === bugs.length;
}

try {
  const options = readOptions(process.argv.slice(2), plantedBugs);
  if (options === null) console.log(usage);
  else process.exitCode = (await plant(options)) ? 0 : 1;
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
