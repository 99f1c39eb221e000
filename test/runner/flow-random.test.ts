import '../property-seed.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { defineFlow } from '../../src/authoring/index.ts';
import type { ScopeDeclaration } from '../../src/domain/flow.ts';
import type { JournalEntry } from '../../src/domain/change.ts';
import { runExecution } from '../../src/runner/engine.ts';
import type { FlowTaskBody } from '../../src/runner/flow-body.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { drawn, named, revertFailures, scriptOf } from '../domain/drawn-flows.ts';
import { flowOf, type Script } from '../domain/flow-simulator.ts';
import { walk } from '../domain/flow-walk.ts';
import { brokenReverts } from '../faults/reverts.ts';
import { mortalStores } from './mortal-stores.ts';
import { createWorld, type World } from './world.ts';

const never = new AbortController().signal;

interface Watched {
  readonly job: RunnableJob;
  readonly log: string[];
  /** How many executions of a task have ended, as it is stored. */
  readonly recount: (entries: readonly JournalEntry[]) => void;
}

/** A drawn flow whose tasks tell what is done to them, and do as the script says. */
function watched(declaration: ScopeDeclaration, script: Script, maxProcs: number): Watched {
  const flow = flowOf(declaration);
  const log: string[] = [];
  let ended = new Map<string, number>();
  const bodyOf = (name: string): FlowTaskBody => ({
    execute() {
      log.push(`${name}x`);
      const count = ended.get(name) ?? 0;
      ended.set(name, count + 1);
      if (script.fails?.(name, count, {}) === true) throw new Error(`${name} has failed`);
      return name;
    },
    revert() {
      log.push(`${name}r`);
      if (script.revertFails?.(name) === true) throw new Error(`${name} cannot be reverted`);
    },
  });
  const bodies = new Map(flow.nodes.map(({ name }) => [name, bodyOf(name)]));
  const job = defineFlow('flow', () => ({ declaration, bodies, problems: [] }), { maxProcs });
  return {
    job,
    log,
    recount(entries) {
      ended = new Map();
      for (const { execution } of entries)
        if (execution?.stepName != null && (execution.after === 'SUCCESS' || execution.after === 'FAILURE'))
          ended.set(execution.stepName, (ended.get(execution.stepName) ?? 0) + 1);
    },
  };
}

async function journalOf({ stores }: World): Promise<JournalEntry[]> {
  const page = { workflow: null, direction: 'ascending', beyond: null, limit: 10_000 } as const;
  return (await stores.journal.read(page)).map(({ entry }) => entry);
}

const deaths = fc.array(fc.record({ commit: fc.integer({ min: 1, max: 12 }), after: fc.boolean() }), {
  minLength: 1,
  maxLength: 4,
});
/** Rather more than succeed, so that controllers run out of attempts. */
const oftenFails = fc.array(
  fc.array(
    fc.integer({ min: 0, max: 3 }).map((each) => each > 0),
    { minLength: 1, maxLength: 4 },
  ),
  { minLength: 1, maxLength: 6 },
);

describe('the engine, wherever its process dies', () => {
  it('runs and reverts linear flows as a walk through the tree does, but for what was under way', async () => {
    await fc.assert(
      fc.asyncProperty(
        drawn(['linear'], 2),
        oftenFails,
        revertFailures,
        deaths,
        async (root, fails, reverts, dying) => {
          const declaration = named(root);
          const script = scriptOf(fails, reverts);
          const { log, status, entries, id } = await runThrough(watched(declaration, script, 1), dying);
          const expected = walk(declaration, script);
          expect(status).toBe(expected.status === 'SUCCESS' ? 'COMPLETED' : expected.status);
          // What was interrupted is begun again, and then nothing else happens in between.
          expect(log.filter((each, place) => each !== log[place - 1])).toEqual(
            expected.log.filter((each, place) => each !== expected.log[place - 1]),
          );
          expect(log.length).toBeLessThanOrEqual(expected.log.length + dying.length);
          expect(brokenReverts(entries, id)).toEqual([]);
        },
      ),
      { numRuns: 80 },
    );
  });

  it('brings every flow to an end, and reverts in reverse what ran', async () => {
    await fc.assert(
      fc.asyncProperty(
        drawn(['linear', 'unordered', 'graph'], 2),
        oftenFails,
        revertFailures,
        deaths,
        fc.constantFrom(1, 2, 100),
        async (root, fails, reverts, dying, maxProcs) => {
          const { status, entries, id } = await runThrough(
            watched(named(root), scriptOf(fails, reverts), maxProcs),
            dying,
          );
          expect(['COMPLETED', 'REVERTED', 'FAILED']).toContain(status);
          if (!(reverts as readonly boolean[]).includes(true)) expect(status).not.toBe('FAILED');
          expect(brokenReverts(entries, id)).toEqual([]);
        },
      ),
      { numRuns: 80 },
    );
  });
});

async function runThrough({ job, log, recount }: Watched, dying: readonly { commit: number; after: boolean }[]) {
  const { stores, die } = await mortalStores();
  const world = await createWorld({ stores });
  try {
    const id = await world.launch(job);
    for (const death of [...dying, null]) {
      if ((await world.outcome(id)).execution.endedAt !== null) break;
      const session = await world.take(id);
      die(death);
      await runExecution(session, job, world.tools, never);
      die(null);
      recount(await journalOf(world));
    }
    const { status } = await world.outcome(id);
    return { id, log, status, entries: await journalOf(world) };
  } finally {
    await world.close();
  }
}
