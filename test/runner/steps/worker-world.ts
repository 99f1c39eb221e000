import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { systemTimers } from '../../../src/adapters/system/timers.ts';
import { runExecution } from '../../../src/runner/engine.ts';
import type { EngineTools } from '../../../src/runner/running-execution.ts';
import type { WorkerBody } from '../../../src/runner/step-body.ts';
import { createWorld, jobOf, type Outcome, type World } from '../world.ts';

/** A world whose workers are written by its tests. */
export interface WorkerWorld {
  readonly world: World;
  readonly file: (name: string) => string;
  /** Writes a module and names a class of it: `load.ts` is in TypeScript, `load.py` in Python. */
  readonly worker: (name: string, worker: string, text: string, options?: Partial<WorkerBody>) => WorkerBody;
  /** Runs one worker as the step `Task`. */
  readonly run: (body: WorkerBody, tools?: Partial<EngineTools>) => Promise<Outcome & { readonly log: string }>;
  readonly close: () => Promise<void>;
}

export async function createWorkerWorld(): Promise<WorkerWorld> {
  const world = await createWorld({ timers: systemTimers });
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-workers-'));
  const file = (name: string): string => path.join(folder, name);
  return {
    world,
    file,
    worker(name, worker, text, options = {}) {
      writeFileSync(file(name), text);
      return workerIn(file(name), worker, options);
    },
    async run(body, tools = {}) {
      const job = jobOf([{ name: 'Task', body }]);
      const id = await world.launch(job, { forced: true });
      await runExecution(await world.take(id), job, { ...world.tools, ...tools }, new AbortController().signal);
      return { ...(await world.outcome(id)), log: await world.log(id, 'Task') };
    },
    async close() {
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function workerIn(file: string, worker: string, options: Partial<WorkerBody> = {}): WorkerBody {
  return {
    kind: 'worker',
    language: file.endsWith('.py') ? 'python' : 'node',
    file,
    worker,
    arguments: [],
    passEnvironment: [],
    environment: {},
    workingDirectory: null,
    ...options,
  };
}

/** One that has ended, and that nobody has waited for yet, does nothing more. */
export function isAlive(pid: string): boolean {
  if (!/^\d+$/.test(pid)) throw new Error(`${JSON.stringify(pid)} is no process id`);
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
