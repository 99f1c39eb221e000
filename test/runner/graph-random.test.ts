import '../property-seed.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { isLive } from '../../src/domain/execution-transitions.ts';
import { defaultRetry } from '../../src/domain/job.ts';
import { runExecution } from '../../src/runner/engine.ts';
import type { StepContext } from '../../src/runner/step-context.ts';
import { taskStates } from '../../src/service/task-states.ts';
import { mortalStores } from './mortal-stores.ts';
import { createWorld, jobOf } from './world.ts';

/** A task of a list. Each time that it is begun, its first attempts fail. */
interface Task {
  readonly name: string;
  readonly parents: readonly string[];
  readonly maxAttempts: number;
  readonly failures: number;
}

const tasks = fc
  .array(
    fc.record({
      parents: fc.array(fc.nat(), { maxLength: 3 }),
      maxAttempts: fc.integer({ min: 1, max: 3 }),
      failures: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((drawn) =>
    drawn.map(({ parents, ...attempts }, index): Task => ({
      ...attempts,
      name: `t${index}`,
      parents: index === 0 ? [] : [...new Set(parents.map((parent) => `t${parent % index}`))],
    })),
  );

/** How a process that runs them ends before they do: it dies at a commit, or hands back when so many attempts have begun. */
const endOfProcess = fc.oneof(
  fc.record({ kind: fc.constant('dies'), commit: fc.integer({ min: 1, max: 15 }), after: fc.boolean() } as const),
  fc.record({ kind: fc.constant('hands-back'), attempts: fc.integer({ min: 0, max: 10 }) } as const),
);

/** What the letters of a list mean, and nothing else. */
function modelOf(all: readonly Task[]): (name: string) => 'C' | 'F' | 'D' {
  const byName = new Map(all.map((task) => [task.name, task]));
  return function letter(name) {
    const { parents, failures, maxAttempts } = byName.get(name) as Task;
    if (parents.some((parent) => letter(parent) !== 'C')) return 'D';
    return failures < maxAttempts ? 'C' : 'F';
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

it('runs each task whose parents completed, each attempt once, whatever fails and whoever takes over', async () => {
  await fc.assert(
    fc.asyncProperty(
      tasks,
      fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
      fc.array(endOfProcess, { maxLength: 4 }),
      fc.scheduler(),
      async (all, maxProcs, ends, scheduler) => {
        const { stores, die } = await mortalStores();
        const world = await createWorld({ stores });
        const letter = modelOf(all);
        const running = new Set<string>();
        const wrong: string[] = [];
        /** Of the process that runs now. */
        let attempts: string[] = [];
        let handBack = new AbortController();
        let handBackAt = Number.POSITIVE_INFINITY;
        let id = 0;

        const runTask = async (task: Task, { attempt, signal }: StepContext): Promise<void> => {
          if (running.has(task.name)) wrong.push(`${task.name} runs twice at the same time`);
          running.add(task.name);
          if (running.size > (maxProcs ?? all.length)) wrong.push(`${running.size} run at a time`);
          attempts.push(`${task.name} ${attempt}`);
          if (attempts.length >= handBackAt) handBack.abort();
          try {
            const stored = new Map((await world.outcome(id)).steps.map(({ stepName, status }) => [stepName, status]));
            if (stored.get(task.name) !== 'STARTED') wrong.push(`${task.name} runs and is not stored as begun`);
            for (const parent of task.parents)
              if (stored.get(parent) !== 'COMPLETED') wrong.push(`${task.name} runs before ${parent} is completed`);
            await Promise.race([scheduler.schedule(Promise.resolve(), task.name), aborted(signal)]);
            signal.throwIfAborted();
            if (attempt <= task.failures) throw new Error(`attempt ${attempt} of ${task.name} fails`);
          } finally {
            running.delete(task.name);
          }
        };
        const job = jobOf(
          all.map((task) => ({
            name: task.name,
            dependsOn: task.parents,
            retry: { ...defaultRetry, maxRetries: task.maxAttempts - 1 },
            body: { kind: 'task', run: (ctx) => runTask(task, ctx) } as const,
          })),
          { onFailure: 'continue', ...(maxProcs === null ? {} : { maxProcs }) },
        );
        /** The attempts of one process: of what had ended before none, of all others from the first on, each once. */
        const checkAttempts = (endedBefore: ReadonlySet<string>, isWhole: boolean): void => {
          for (const { name, failures, maxAttempts } of all) {
            const made = attempts.filter((attempt) => attempt.startsWith(`${name} `));
            const due = endedBefore.has(name) || letter(name) === 'D' ? 0 : Math.min(failures + 1, maxAttempts);
            expect(made).toEqual(Array.from({ length: made.length }, (_none, index) => `${name} ${index + 1}`));
            if (isWhole) expect(made, name).toHaveLength(due);
            else expect(made.length, name).toBeLessThanOrEqual(due);
          }
        };
        const endedTasks = async (): Promise<Set<string>> => {
          const { steps } = await world.outcome(id);
          return new Set(steps.flatMap(({ stepName, status }) => (isLive(status) ? [] : [stepName])));
        };

        id = await world.launch(job);
        for (const end of [...ends, null]) {
          if (!isLive((await world.outcome(id)).status)) break;
          const endedBefore = await endedTasks();
          attempts = [];
          handBack = new AbortController();
          handBackAt = end?.kind === 'hands-back' ? end.attempts : Number.POSITIVE_INFINITY;
          if (handBackAt === 0) handBack.abort();
          const session = await world.take(id);
          die(end?.kind === 'dies' ? end : null);
          await scheduler.waitFor(runExecution(session, job, world.tools, handBack.signal));
          die(null);
          expect([...running]).toEqual([]);
          checkAttempts(endedBefore, end === null);
        }
        expect(wrong).toEqual([]);
        const { execution, instance, steps } = await world.outcome(id);
        const letters = all.map(({ name }) => `${name} ${letter(name)}`);
        expect(
          taskStates(job.definition, execution, instance, steps).map((state) => `${state.name} ${state.letter}`),
        ).toEqual(letters);
        expect(execution.status).toBe(letters.some((text) => text.endsWith('F')) ? 'FAILED' : 'COMPLETED');
        expect(new Set(steps.map(({ stepName }) => stepName)).size).toBe(steps.length);
        await world.close();
      },
    ),
    { numRuns: 200 },
  );
});
