import { defineFlow, type DeclaredFlow, linearFlow, task } from '../../src/authoring/index.ts';
import type { FlowOptions } from '../../src/authoring/flow.ts';
import type { TaskOptions } from '../../src/authoring/flow-task.ts';
import type { RunnableJob } from '../../src/runner/job.ts';

/** What happens outside: `ax` is an execution of a, `ar` a revert of it. */
export interface Outside {
  readonly trace: string[];
  /** How many executions of the task begin before one succeeds. */
  readonly fails: Map<string, number>;
  readonly revertFails: Set<string>;
}

export function outside(fails: Readonly<Record<string, number>> = {}, revertFails: readonly string[] = []): Outside {
  return { trace: [], fails: new Map(Object.entries(fails)), revertFails: new Set(revertFails) };
}

/** A task that tells the trace what is done to it. */
export function traced(world: Outside, name: string, more: Partial<TaskOptions> = {}) {
  return task(name, {
    requires: [],
    ...more,
    execute(values, ctx) {
      world.trace.push(`${name}x`);
      const left = world.fails.get(name) ?? 0;
      world.fails.set(name, left - 1);
      if (left > 0) throw new Error(`${name} has failed`);
      return more.execute === undefined ? `result of ${name}` : more.execute(values, ctx);
    },
    revert() {
      world.trace.push(`${name}r`);
      if (world.revertFails.has(name)) throw new Error(`${name} cannot be reverted`);
    },
  });
}

type Child = string | DeclaredFlow | ReturnType<typeof task>;

/** Texts are traced tasks. */
export function tracedFlow(
  world: Outside,
  name: string,
  children: readonly Child[],
  options?: FlowOptions,
): DeclaredFlow {
  return linearFlow(
    name,
    options,
    children.map((child) => (typeof child === 'string' ? traced(world, child) : child)),
  );
}

export function flowJob(make: () => DeclaredFlow): RunnableJob {
  return defineFlow('flow', make);
}
