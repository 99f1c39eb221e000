import { createMemoryStores } from '../../../src/adapters/memory/stores.ts';
import { partsIndex } from '../../../src/domain/part.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { type Capabilities, createCapabilities } from '../../../src/runner/capabilities.ts';
import { createConductor, type Conductor } from '../../../src/runner/conductor.ts';
import type { ConductorOptions } from '../../../src/runner/conductor-options.ts';
import { createHeartbeat } from '../../../src/runner/heartbeat.ts';
import type { RunnableJob } from '../../../src/runner/job.ts';
import { createManualTimers, type ManualTimers } from '../manual-timers.ts';
import { createWorld, type World } from '../world.ts';

/** A conductor of several over one store, which may die or be paused at any moment. */
export interface Machine {
  readonly id: string;
  readonly conductor: Conductor;
  /** Its process is gone: nothing of it reaches the store any more. */
  kill(): void;
  /** It ends in good order. */
  stop(): Promise<void>;
  /** Whether it is gone, be it so. */
  isDead(): boolean;
  /** Its process stands still until it is resumed: what it asks of the store by then it asks afterwards. */
  pause(): void;
  resume(): void;
  /** Resolves at once, where it runs: what stands still, or is gone, goes on later, or never. */
  readonly alive: () => Promise<void>;
}

export interface Machines {
  readonly world: World;
  readonly timers: ManualTimers;
  readonly problems: unknown[];
  /** @param jobs as this machine has them */
  start(id: string, jobs: (machine: Machine) => readonly RunnableJob[], options?: MachineOptions): Promise<Machine>;
  /** Lets time pass until it is so. @throws Error when that takes too long */
  until(isSo: () => boolean | Promise<boolean>, what?: string): Promise<void>;
  /** Lets so much time pass. */
  pass(milliseconds: number): Promise<void>;
  /** Lets time pass until it has ended. @returns how */
  end(executionId: number): Promise<string>;
  /** Documents of parts that there are. */
  parts(): Promise<string[]>;
  close(): Promise<void>;
}

export interface MachineOptions extends Partial<ConductorOptions> {
  /** Names of what it has. */
  readonly has?: readonly string[];
}

const leaseSeconds = 6;
const step = 50;

export async function createMachines(): Promise<Machines> {
  const timers = createManualTimers();
  const clock = { now: async () => timers.wall() };
  const stores = await createMemoryStores({ clock });
  const world = await createWorld({ stores, timers });
  const problems: unknown[] = [];
  const machines: Machine[] = [];
  let operations = 0;

  async function pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      timers.advance(step);
      // What has become due does something, and what comes of that, too.
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    }
  }

  async function until(isSo: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
    for (let turn = 0; turn < 4000; turn += 1) {
      if (await isSo()) return;
      await pass(step);
    }
    throw new Error(`${what} has not happened: ${problems.map(String).join(' | ')}`);
  }

  return {
    world,
    timers,
    problems,
    async start(id, jobs, { has = [], ...options } = {}) {
      let isDead = false;
      let standing: PromiseWithResolvers<void> | null = null;
      const alive = async (): Promise<void> => {
        if (isDead) await new Promise(() => {});
        for (let stands = standing; stands !== null; stands = standing) await stands.promise;
        if (isDead) await new Promise(() => {});
      };
      const reached = reach(stores, alive);
      const capabilities: Capabilities = createCapabilities([], has, {
        timers,
        onProblem: (error) => problems.push(error),
      });
      const about = {
        host: id,
        processId: 1,
        role: 'worker',
        concurrency: 4,
        capabilities: capabilities.names,
      } as const;
      const operationId = (): string => `${id}-${(operations += 1)}`;
      const machine: Machine = {
        id,
        get conductor() {
          return conductor;
        },
        kill() {
          isDead = true;
          standing?.resolve();
          standing = null;
        },
        async stop() {
          let isOver = false;
          const stopped = conductor.stop().finally(() => (isOver = true));
          await until(() => isOver, `the end of ${id}`);
          await stopped;
          isDead = true;
        },
        isDead: () => isDead,
        pause: () => void (standing ??= Promise.withResolvers()),
        resume() {
          standing?.resolve();
          standing = null;
        },
        alive,
      };
      const known = jobs(machine);
      const onProblem = (error: unknown): void => void problems.push(error);
      const conductor: Conductor = createConductor({
        stores: reached,
        catalog: { get: (name) => known.find(({ definition }) => definition.name === name) },
        id,
        leaseSeconds,
        concurrency: 4,
        logs: world.tools.logs,
        operationId,
        timers,
        random: () => 0.5,
        environment: {},
        graceMilliseconds: 1000,
        lookEveryMilliseconds: 1000,
        onProblem,
        capabilities,
        heartbeat: createHeartbeat({
          stores: reached,
          conductor: id,
          about: () => about,
          everyMilliseconds: (leaseSeconds * 1000) / 3,
          timers,
          operationId,
          onProblem,
        }),
        ...options,
      });
      machines.push(machine);
      await conductor.start();
      return machine;
    },
    until,
    pass,
    async end(executionId) {
      const isLive = async (): Promise<boolean> =>
        ['STARTING', 'STARTED', 'STOPPING'].includes((await world.outcome(executionId)).status);
      await until(async () => !(await isLive()), `the end of execution ${executionId}`);
      return (await world.outcome(executionId)).status;
    },
    parts: () =>
      stores.documents.scan({ index: partsIndex, prefix: '', direction: 'ascending', beyond: null, limit: 1000 }),
    async close() {
      for (const machine of machines) machine.resume();
      const stopped = Promise.all(
        machines.filter((machine) => !machine.isDead()).map(({ conductor }) => conductor.stop()),
      );
      let isOver = false;
      void stopped.finally(() => (isOver = true));
      await until(() => isOver, 'the end of the conductors');
      await world.close();
    },
  };
}

/** A store as a process reaches it that may stand still, or be gone. */
function reach(stores: Stores, alive: () => Promise<void>): Stores {
  const { documents, store, journal, clock } = stores;
  return {
    ...stores,
    clock: { now: async () => (await alive(), clock.now()) },
    store: {
      async commit(commit) {
        await alive();
        const outcome = await store.commit(commit);
        await alive();
        return outcome;
      },
    },
    documents: {
      get: async (keys) => (await alive(), documents.get(keys)),
      scan: async (page) => (await alive(), documents.scan(page)),
      reserve: async (sequence, count) => (await alive(), documents.reserve(sequence, count)),
    },
    journal: {
      ...journal,
      read: async (page) => (await alive(), journal.read(page)),
      executionStatuses: async (beyond, limit) => (await alive(), journal.executionStatuses(beyond, limit)),
      bounds: async () => (await alive(), journal.bounds()),
    },
  };
}
