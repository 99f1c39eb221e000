import { vi } from 'vitest';

import type { JobExecution } from '../../src/domain/execution.ts';
import { documentChange } from '../../src/domain/execution-documents.ts';
import { queueBookDocument, queueBookKey, readQueueBook } from '../../src/domain/gate-text.ts';
import type { JobDefinition } from '../../src/domain/job.ts';
import { type QueueSettings, usualSettings, withSettings } from '../../src/domain/queue-settings.ts';
import type { CommitOutcome } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { createConductor, type Conductor } from '../../src/runner/conductor.ts';
import type { ConductorOptions } from '../../src/runner/conductor-options.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { createManualTimers, type ManualTimers } from './manual-timers.ts';
import { createWorld, jobOf, type LaunchedWith, type World } from './world.ts';

/** Jobs that run until they are told to end, on conductors that may die. */
export interface GatedWorld {
  readonly world: World;
  readonly timers: ManualTimers;
  /** Executions in the order in which they were begun, or gone on with. */
  readonly begun: readonly { readonly id: number; readonly by: string }[];
  /** Those that run on a conductor that is alive. */
  readonly running: ReadonlySet<number>;
  readonly conduct: (id: string, options?: Partial<ConductorOptions>) => Promise<Conductor>;
  /** From now on it does nothing more, and gives no sign of life. */
  readonly kill: (id: string) => void;
  readonly launch: (jobName: string, waits?: LaunchedWith['waits']) => Promise<number>;
  /** Has an execution end, wherever it runs. */
  readonly end: (executionId: number) => void;
  readonly decide: (queue: string, settings: Partial<QueueSettings>) => Promise<void>;
  /** Lets time pass, in steps of a second, until it holds. */
  readonly until: (check: () => void | Promise<void>, seconds?: number) => Promise<void>;
  /** Lets seconds pass, one after the other. */
  readonly pass: (seconds: number) => Promise<void>;
  readonly executionOf: (id: number) => Promise<JobExecution>;
  readonly close: () => Promise<void>;
}

export async function createGatedWorld(
  definitions: readonly Pick<JobDefinition, 'name' | 'maxRunning'>[],
  givenStores?: Stores,
): Promise<GatedWorld> {
  const timers = createManualTimers();
  const world = await createWorld({ timers, ...(givenStores === undefined ? {} : { stores: givenStores }) });
  const { stores } = world;
  const begun: { id: number; by: string }[] = [];
  const running = new Set<number>();
  const runningBy = new Map<number, string>();
  const endings = new Map<number, () => void>();
  const conductors = new Map<string, Conductor>();
  const dead = new Set<string>();
  const ended = new Set<number>();
  let operations = 0;

  function jobsOf(conductor: string): Map<string, RunnableJob> {
    const run = async (id: number, signal: AbortSignal): Promise<void> => {
      begun.push({ id, by: conductor });
      running.add(id);
      runningBy.set(id, conductor);
      try {
        if (!ended.has(id))
          await new Promise<void>((resolve, reject) => {
            endings.set(id, resolve);
            const interrupt = (): void => reject(new Error('interrupted'));
            if (signal.aborted) interrupt();
            signal.addEventListener('abort', interrupt);
          });
      } finally {
        if (runningBy.get(id) === conductor) running.delete(id);
      }
    };
    return new Map(
      definitions.map((definition) => [
        definition.name,
        jobOf(
          [
            {
              name: 'Step',
              body: { kind: 'task', run: ({ parameters, signal }) => run(Number(parameters['execution']), signal) },
            },
          ],
          definition,
        ),
      ]),
    );
  }

  function mortal(conductor: string): Stores {
    const never = new Promise<never>(() => {});
    const alive =
      <Given extends readonly unknown[], Answer>(call: (...given: Given) => Promise<Answer>) =>
      async (...given: Given): Promise<Answer> => {
        if (dead.has(conductor)) return never;
        const answer = await call(...given);
        return dead.has(conductor) ? never : answer;
      };
    return {
      ...stores,
      store: {
        commit: alive<Parameters<Stores['store']['commit']>, CommitOutcome>((commit) => stores.store.commit(commit)),
      },
      documents: {
        get: alive((keys) => stores.documents.get(keys)),
        scan: alive((page) => stores.documents.scan(page)),
        reserve: alive((sequence, count) => stores.documents.reserve(sequence, count)),
      },
    };
  }

  async function pass(seconds: number): Promise<void> {
    for (let turns = 0; turns < 40; turns += 1) await new Promise(setImmediate);
    timers.advance(seconds * 1000);
  }

  return {
    world,
    timers,
    begun,
    running,
    async conduct(id, options = {}) {
      const jobs = jobsOf(id);
      const conductor = createConductor({
        ...world.tools,
        stores: mortal(id),
        catalog: jobs,
        id,
        leaseSeconds: 15,
        concurrency: 4,
        lookEveryMilliseconds: 1000,
        onProblem: (error) => {
          throw error;
        },
        ...options,
      });
      conductors.set(id, conductor);
      await conductor.start();
      return conductor;
    },
    kill(id) {
      dead.add(id);
      conductors.delete(id);
      for (const [executionId, by] of runningBy) if (by === id) running.delete(executionId);
    },
    async launch(jobName, waits = {}) {
      const job = jobsOf('nobody').get(jobName);
      if (job === undefined) throw new Error(`no job ${jobName}`);
      const id = await stores.documents.reserve('execution', 1);
      // They share an instance: none skips what another one did.
      return world.launch(job, { id, parameters: { execution: id }, forced: true, waits });
    },
    end(executionId) {
      ended.add(executionId);
      endings.get(executionId)?.();
    },
    async decide(queue, settings) {
      const [stored = null] = await stores.documents.get([queueBookKey]);
      const book = stored === null ? new Map<string, QueueSettings>() : readQueueBook(stored.text);
      const next = withSettings(book, queue, { ...usualSettings, ...book.get(queue), ...settings });
      const before = stored === null ? null : { revision: stored.revision, members: [] };
      operations += 1;
      const operation = { id: `decided-${operations}`, fingerprint: '', answer: null, keepSeconds: 60 };
      const changes = [documentChange(before, queueBookDocument(next))];
      await stores.store.commit({ operation, changes, journal: [] });
    },
    async until(check, seconds = 120) {
      for (let passed = 0; ; passed += 1)
        try {
          await vi.waitFor(check, { timeout: passed < seconds ? 1 : 2000 });
          return;
        } catch (error) {
          if (passed >= seconds) throw error;
          await pass(1);
        }
    },
    async pass(seconds) {
      for (let passed = 0; passed < seconds; passed += 1) await pass(1);
    },
    executionOf: async (id) => (await world.outcome(id)).execution,
    async close() {
      for (const id of endings.keys()) {
        ended.add(id);
        endings.get(id)?.();
      }
      await Promise.all([...conductors.values()].map((conductor) => conductor.stop()));
      await world.close();
    },
  };
}
