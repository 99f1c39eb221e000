import { brokenInvariants } from '../faults/invariants.ts';
import { Arena } from './arena.ts';
import type { Chance } from './chance.ts';
import type { Extent, Figure, Scenario } from './scenario.ts';
import { replayedChunks, staleWrites } from './sink.ts';

export interface Verdict {
  readonly scenario: string;
  readonly figures: readonly Figure[];
  readonly broken: readonly string[];
}

/** The workflow that `cfg/jobs/bound.ts` loads. */
const boundWorkflow = 'orders';
const mostTold = 30;

/** Lets one scenario happen, and judges it: what it says itself, what the store went through, what the sinks have seen. */
export async function runScenario(
  scenario: Scenario,
  { chance, say, extent, keeps }: { chance: Chance; say: (text: string) => void; extent: Extent; keeps: boolean },
): Promise<Verdict> {
  const arena = await Arena.open({ ...scenario.arena, chance, say });
  const broken: string[] = [];
  const figures: Figure[] = [];
  try {
    const outcome = await scenario.run(arena, extent);
    figures.push(...outcome.figures);
    broken.push(...outcome.broken);
    for (const [run, rows] of outcome.rows ?? []) broken.push(...arena.brokenRows(run, rows));
  } catch (error) {
    broken.push(error instanceof Error ? `${error.message}${causeOf(error)}` : String(error));
    for (const { name } of arena.members) say(`--- ${name} ---\n${arena.logOf(name)}`);
  }
  try {
    broken.push(...(await judged(arena)));
    figures.push({ what: 'commits looked at', value: String(arena.judge.commits) });
  } catch (error) {
    broken.push(`it could not be judged: ${String(error)}`);
  }
  if (keeps) say(`its folder stays: ${arena.folder}`);
  await arena.close(keeps);
  return { scenario: scenario.name, figures, broken: broken.slice(0, mostTold) };
}

async function judged(arena: Arena): Promise<string[]> {
  await arena.follow();
  const notes = arena.notes.read();
  return [
    ...arena.judge.broken,
    ...staleWrites(notes),
    ...replayedChunks(notes, arena.judge.takeovers.of),
    ...(await brokenInvariants(arena.witness, boundWorkflow)).map((what) => `workflow ${boundWorkflow}: ${what}`),
  ];
}

function causeOf({ cause }: Error): string {
  return cause instanceof Error ? ` (${cause.message})` : '';
}
