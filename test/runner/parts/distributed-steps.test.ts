import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ConsumeOptions, Dispatcher } from '../../../src/ports/dispatcher.ts';
import type { RunnableJob } from '../../../src/runner/job.ts';
import type { TaskBody } from '../../../src/runner/step-body.ts';
import { jobOf, type LaunchedWith } from '../world.ts';
import { createMachines, type Machine, type Machines } from './many-conductors.ts';

describe('distributed steps', () => {
  let machines: Machines;
  /** `step machine`, as they began. */
  let runs: string[];
  let gates: Map<string, PromiseWithResolvers<void>>;
  beforeEach(async () => {
    machines = await createMachines();
    runs = [];
    gates = new Map();
  });
  afterEach(async () => {
    await machines.close();
    expect(machines.problems).toEqual([]);
  });

  const gate = (name: string): PromiseWithResolvers<void> => {
    const found = gates.get(name) ?? Promise.withResolvers<void>();
    gates.set(name, found);
    return found;
  };
  const machineOf = (step: string): string[] =>
    runs.flatMap((run) => (run.startsWith(`${step} `) ? [run.slice(step.length + 1)] : []));

  type Step = Omit<Parameters<typeof jobOf>[0][number], 'body'>;

  /** Each step waits for its gate, and sets what it was given by those before. */
  function jobs(steps: readonly Step[], options: Parameters<typeof jobOf>[1] = {}) {
    return ({ id, alive }: Machine): RunnableJob[] => [
      jobOf(
        steps.map((step) => {
          const run: TaskBody['run'] = async ({ signal, context }) => {
            runs.push(`${step.name} ${id}`);
            await Promise.race([
              gate(step.name).promise,
              new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
            ]);
            await alive();
            signal.throwIfAborted();
            context.set(step.name, context.entries().length);
            return `BY ${id}`;
          };
          return { ...step, body: { kind: 'task', run } as const };
        }),
        options,
      ),
    ];
  }
  const launch = (of: ReturnType<typeof jobs>, launched: LaunchedWith = {}): Promise<number> =>
    machines.world.launch(of({ id: '', alive: async () => {} } as Machine)[0] as RunnableJob, launched);

  const fan: readonly Step[] = [
    { name: 'First', dependsOn: [] },
    { name: 'Left', dependsOn: ['First'], distributed: true },
    { name: 'Right', dependsOn: ['First'], distributed: true },
    { name: 'Last', dependsOn: ['Left', 'Right'] },
  ];

  it('run on several machines at a time, and what they set is seen by who comes after', async () => {
    const of = jobs(fan);
    await machines.start('a', of);
    await machines.start('b', of);
    const id = await launch(of);
    gate('First').resolve();
    await machines.until(() => runs.length === 3);
    expect([...machineOf('Left'), ...machineOf('Right')].toSorted()).toEqual(['a', 'b']);
    expect(machineOf('First')).toEqual(machineOf('Left'));
    for (const { name } of fan) gate(name).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    const { rows, context, steps } = await machines.world.outcome(id);
    expect(rows.toSorted()).toEqual(['First', 'Last', 'Left', 'Right'].map((name) => `${name} COMPLETED`));
    expect(context['Last']).toBe(3);
    expect(steps.find(({ stepName }) => stepName === 'Right')?.exitCode).toBe(`BY ${machineOf('Right')[0]}`);
    expect(await machines.parts()).toEqual([]);
  });

  it('run where their execution is, one after the other or side by side, when nobody else is online', async () => {
    const of = jobs(fan);
    await machines.start('a', of);
    const id = await launch(of);
    gate('First').resolve();
    await machines.until(() => runs.length === 3);
    for (const { name } of fan) gate(name).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(runs.every((run) => run.endsWith(' a'))).toBe(true);
  });

  it('run on whoever has what only they need; where the rest runs nobody need have it, and its slot is free meanwhile', async () => {
    const of = jobs([
      { name: 'Before' },
      { name: 'Render', distributed: true, capabilities: ['gpu'] },
      { name: 'After' },
    ]);
    const a = await machines.start('a', of, { concurrency: 1 });
    const id = await launch(of);
    gate('Before').resolve();
    await machines.until(async () => (await machines.parts()).length === 1, 'the offer');
    await machines.pass(3000);
    expect(machineOf('Render')).toEqual([]);
    // Another execution finds room.
    const next = await launch(jobs([{ name: 'Alone' }], { name: 'TestJob' }));
    await machines.until(() => machineOf('Before').length === 2 && a.conductor.runs().length === 2, 'the next');
    await machines.start('b', of, { has: ['gpu'] });
    for (const name of ['Render', 'After']) gate(name).resolve();
    expect([await machines.end(id), await machines.end(next)]).toEqual(['COMPLETED', 'COMPLETED']);
    expect(new Set(machineOf('Render'))).toEqual(new Set(['b']));
    expect(new Set(machineOf('Before'))).toEqual(new Set(['a']));
  });

  it('take their slot back from what is handed over, which then comes no more', async () => {
    const of = jobs([
      { name: 'Before' },
      { name: 'Render', distributed: true, capabilities: ['gpu'] },
      { name: 'After' },
    ]);
    let room = 0;
    let hand: ConsumeOptions['take'] | null = null;
    const dispatcher: Dispatcher = {
      dispatch: async () => {},
      consume({ take }) {
        hand = take;
        return { setRoom: (free) => void (room = free), stop: async () => {} };
      },
      close: async () => {},
    };
    const give = (executionId: number) => hand?.(executionId) ?? Promise.reject(new Error('nobody is there'));
    await machines.start('a', of, { concurrency: 1, dispatcher });
    const id = await launch(of);
    const given = give(id);
    gate('Before').resolve();
    await machines.until(async () => (await machines.parts()).length === 1 && room === 1, 'the offer');
    await machines.start('b', of, { has: ['gpu'] });
    gate('Render').resolve();
    await machines.until(() => machineOf('After').length === 1, 'the rest');
    expect(await give(await launch(of, { forced: true }))).toEqual({ kind: 'later', milliseconds: 0 });
    expect(room).toBe(0);
    gate('After').resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(await given).toEqual({ kind: 'over' });
  });

  it('come before what was never begun, where they wait for whoever has what they need', async () => {
    const of = jobs([{ name: 'Render', distributed: true, capabilities: ['gpu'] }]);
    const busy = jobs([{ name: 'Busy' }], { name: 'Busy', capabilities: ['gpu'] });
    for (let each = 0; each < 4; each += 1) await launch(busy, { forced: true });
    await machines.start('b', (machine) => [...of(machine), ...busy(machine)], { has: ['gpu'], concurrency: 1 });
    await machines.until(() => runs.length === 1);
    await machines.start('a', of);
    const id = await launch(of);
    await machines.until(async () => (await machines.parts()).length === 1, 'the offer');
    await machines.pass(3000);
    gate('Render').resolve();
    gate('Busy').resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(runs.slice(0, 2)).toEqual(['Busy b', 'Render b']);
    await machines.until(() => machineOf('Busy').length === 4, 'the others');
  });

  it('take up the slot of their execution where they run here after all, since nobody wanted them', async () => {
    const of = jobs([
      { name: 'Left', dependsOn: [], distributed: true },
      { name: 'Right', dependsOn: [], distributed: true },
    ]);
    const busy = jobs([{ name: 'Busy' }], { name: 'Busy' });
    const other = jobs([{ name: 'Other' }], { name: 'Other' });
    await machines.start('b', (machine) => [...of(machine), ...busy(machine)], { concurrency: 1 });
    await launch(busy);
    await machines.until(() => runs.length === 1);
    await machines.start('a', (machine) => [...of(machine), ...other(machine)], { concurrency: 1 });
    await machines.pass(1000);
    const id = await launch(of);
    await machines.until(() => runs.length === 2);
    gate('Left').resolve();
    await machines.until(() => machineOf('Right').length === 1);
    const next = await launch(other);
    await machines.pass(3000);
    expect(runs).toEqual(['Busy b', 'Left a', 'Right a']);
    gate('Right').resolve();
    gate('Other').resolve();
    gate('Busy').resolve();
    expect([await machines.end(id), await machines.end(next)]).toEqual(['COMPLETED', 'COMPLETED']);
  });

  it('go on elsewhere when the conductor that ran one is gone', async () => {
    const of = jobs(fan);
    const both = [await machines.start('a', of), await machines.start('b', of)];
    const id = await launch(of);
    gate('First').resolve();
    await machines.until(() => runs.length === 3);
    const [owner] = machineOf('First');
    const other = both.find((machine) => machine.id !== owner);
    const away = ['Left', 'Right'].find((name) => machineOf(name)[0] !== owner) ?? '';
    other?.kill();
    for (const { name } of fan) gate(name).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(machineOf(away)).toEqual([other?.id, owner]);
  });

  it('go on where they are when the conductor of their execution is gone', async () => {
    const of = jobs(fan);
    const both = [await machines.start('a', of), await machines.start('b', of)];
    const id = await launch(of);
    gate('First').resolve();
    await machines.until(() => runs.length === 3);
    const [owner] = machineOf('First');
    const away = ['Left', 'Right'].find((name) => machineOf(name)[0] !== owner) ?? '';
    both.find((machine) => machine.id === owner)?.kill();
    gate(away).resolve();
    await machines.until(() => runs.length === 4, 'the takeover');
    for (const { name } of fan) gate(name).resolve();
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(machineOf(away)).toHaveLength(1);
    expect((await machines.world.outcome(id)).execution.takeovers).toBe(1);
  });

  it('stop wherever they are, and before they have begun', async () => {
    const of = jobs([
      { name: 'Here', dependsOn: [] },
      { name: 'There', dependsOn: [], distributed: true },
      { name: 'Nowhere', dependsOn: [], distributed: true, capabilities: ['gpu'] },
    ]);
    await machines.start('a', of);
    await machines.start('b', of);
    const id = await launch(of);
    await machines.until(() => runs.length === 2);
    await machines.world.requestStop(id);
    expect(await machines.end(id)).toBe('STOPPED');
    const { rows } = await machines.world.outcome(id);
    expect(rows.toSorted()).toEqual(['Here STOPPED', 'Nowhere STOPPED', 'There STOPPED']);
    expect(machineOf('Nowhere')).toEqual([]);
    expect(await machines.parts()).toEqual([]);
  });

  it('may be partitioned: their parts run on those that have what they need', async () => {
    const body: TaskBody = { kind: 'task', run: () => undefined };
    const of = ({ id }: Machine): RunnableJob[] => [
      jobOf([
        {
          name: 'Split',
          distributed: true,
          capabilities: ['gpu'],
          body: {
            kind: 'partition',
            partition: () => [0, 1, 2],
            concurrency: 2,
            body: { ...body, run: () => void runs.push(`Split ${id}`) },
          },
        },
      ]),
    ];
    await machines.start('a', of);
    const id = await launch(of);
    await machines.start('b', of, { has: ['gpu'] });
    expect(await machines.end(id)).toBe('COMPLETED');
    expect(machineOf('Split')).toEqual(['b', 'b', 'b']);
  });
});
