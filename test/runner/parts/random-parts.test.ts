import fc from 'fast-check';
import { expect, it } from 'vitest';

import { listReader } from '../../../src/runner/items/iterable-reader.ts';
import { functionWriter } from '../../../src/runner/items/memory-writers.ts';
import type { RunnableJob } from '../../../src/runner/job.ts';
import type { TaskBody } from '../../../src/runner/step-body.ts';
import { chunkBody, jobOf } from '../world.ts';
import { createMachines, type Machine, type Machines } from './many-conductors.ts';

interface Drawn {
  readonly parts: readonly number[];
  readonly concurrency: number;
  readonly slots: readonly number[];
  readonly faults: readonly Fault[];
}

interface Fault {
  /** Milliseconds after the one before. */
  readonly after: number;
  readonly kind: 'kill' | 'pause' | 'resume' | 'stop' | 'start';
  readonly machine: number;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  // How many items each part has.
  parts: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 7 }),
  concurrency: fc.integer({ min: 1, max: 5 }),
  slots: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 3 }),
  faults: fc.array(
    fc.record({
      after: fc.integer({ min: 0, max: 3000 }),
      kind: fc.constantFrom('kill', 'pause', 'resume', 'stop', 'start'),
      machine: fc.nat(5),
    }),
    { maxLength: 8 },
  ),
});

/** Holds each chunk once, by its id, and knows who may still write: whoever has the greatest token that was seen. */
function fencedTarget() {
  const chunks = new Map<string, { readonly part: number; readonly items: readonly number[] }>();
  const tokens = new Map<number, readonly [stepExecutionId: number, lease: number]>();
  return {
    chunks,
    put(part: number, items: readonly number[], chunkId: string, token: readonly [number, number]): void {
      const [step, lease] = tokens.get(part) ?? [0, 0];
      if (token[0] < step || (token[0] === step && token[1] < lease))
        throw new Error('the writer is not the owner any more');
      tokens.set(part, token);
      const known = chunks.get(chunkId);
      if (known !== undefined) expect(items).toEqual(known.items);
      chunks.set(chunkId, { part, items });
    },
  };
}

type Target = ReturnType<typeof fencedTarget>;

function jobsWith(target: Target, machines: Machines, { parts, concurrency }: Drawn) {
  const wait = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => void machines.timers.after(milliseconds, resolve));
  return ({ alive }: Machine): RunnableJob[] => {
    const body = chunkBody({
      chunkSize: 3,
      reader: (ctx) => {
        const index = Number(ctx.partition);
        return listReader(Array.from({ length: parts[index] ?? 0 }, (_item, place) => index * 100 + place))(ctx);
      },
      writer: (ctx) =>
        functionWriter<number>(async (items, { chunkId, fence }) => {
          await wait(100 + 50 * items.length);
          await alive();
          target.put(Number(ctx.partition), items, chunkId, [fence.stepExecutionId, fence.lease]);
        })(ctx),
    });
    const task: TaskBody = {
      kind: 'task',
      async run() {
        await wait(100);
        await alive();
        return undefined;
      },
    };
    const partition = (): number[] => parts.map((_items, index) => index);
    return [
      jobOf(
        [
          { name: 'Split', body: { kind: 'partition', partition, body, concurrency } },
          { name: 'Left', dependsOn: ['Split'], distributed: true, body: task },
          { name: 'Right', dependsOn: ['Split'], distributed: true, body: task },
          { name: 'After', dependsOn: ['Left', 'Right'], body: task },
        ],
        {
          maxTakeovers: 1000,
        },
      ),
    ];
  };
}

async function inflict(
  { kind }: Fault,
  machine: Machine,
  isLast: boolean,
  start: () => Promise<unknown>,
): Promise<void> {
  if (kind === 'start') await start();
  if (machine.isDead()) return;
  if (kind === 'pause') machine.pause();
  if (kind === 'resume') machine.resume();
  // Somebody must see it through.
  if (kind === 'kill' && !isLast) machine.kill();
  if (kind === 'stop' && !isLast) {
    machine.resume();
    await machine.stop();
  }
}

/** How many parts have run at a time, by the journal. Nobody goes on with one that has not ended before its owner is gone. */
async function mostAtOnce({ world }: Machines, { faults }: Drawn): Promise<number> {
  const all = { workflow: null, direction: 'ascending', beyond: null, limit: 10_000 } as const;
  let running = 0;
  let most = 0;
  for (const { entry } of await world.stores.journal.read(all)) {
    if (entry.execution?.stepName?.startsWith('Split:') !== true || entry.execution.after === 'STARTING') continue;
    running += entry.execution.after === 'STARTED' ? 1 : -1;
    most = Math.max(most, running);
  }
  expect(running).toBe(0);
  return faults.length === 0 ? most : 0;
}

it('writes each item of each part once, whoever dies, stands still, ends or comes, and whenever', async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async (plan) => {
      const machines = await createMachines();
      const target = fencedTarget();
      const jobs = jobsWith(target, machines, plan);
      const all: Machine[] = [];
      const start = async (): Promise<void> => {
        const slots = plan.slots[all.length % plan.slots.length] ?? 1;
        all.push(await machines.start(`m${all.length}`, jobs, { concurrency: slots }));
      };
      while (all.length < plan.slots.length) await start();
      const [job] = jobs(all[0] as Machine) as [RunnableJob];
      const id = await machines.world.launch(job);
      for (const fault of plan.faults) {
        await machines.pass(fault.after);
        const machine = all[fault.machine % all.length] as Machine;
        const isLast = all.filter((one) => !one.isDead() && one !== machine).length === 0;
        await inflict(fault, machine, isLast, start);
      }
      for (const machine of all) machine.resume();
      expect(await machines.end(id)).toBe('COMPLETED');
      const { steps } = await machines.world.outcome(id);
      expect(steps.filter(({ status }) => status !== 'COMPLETED')).toEqual([]);
      const written = [...target.chunks.values()].flatMap(({ items }) => items);
      const expected = plan.parts.flatMap((items, part) =>
        Array.from({ length: items }, (_item, place) => part * 100 + place),
      );
      expect(written.toSorted((one, other) => one - other)).toEqual(expected);
      // What each row has counted is what was written under it.
      for (const [part, items] of plan.parts.entries())
        expect(steps.find(({ stepName }) => stepName === `Split:partition${part}`)?.counters.write).toBe(items);
      await machines.until(async () => (await machines.parts()).length === 0, 'the end of all parts');
      expect(await mostAtOnce(machines, plan)).toBeLessThanOrEqual(plan.concurrency);
      await machines.close();
    }),
    { numRuns: 80 },
  );
}, 120_000);
