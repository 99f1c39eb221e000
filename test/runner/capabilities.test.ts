import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { defineCapability } from '../../src/authoring/index.ts';
import { createCapabilities } from '../../src/runner/capabilities.ts';
import type { Capability } from '../../src/runner/capability.ts';
import { loadCapabilityFiles } from '../../src/runner/capability-files.ts';
import { createConductor } from '../../src/runner/conductor.ts';
import { strayErrorTarget } from '../../src/runner/stray-errors.ts';
import { createManualTimers } from './manual-timers.ts';
import { createWorld, jobOf } from './world.ts';

const work = { jobName: 'Job', executionId: 1, parameters: new Map() };

describe('capabilities', () => {
  const problems: unknown[] = [];
  const timers = createManualTimers();
  const options = { timers, onProblem: (error: unknown) => problems.push((error as Error).message) };
  beforeEach(() => problems.splice(0));

  it('are asked in their order, up to the first that says no', async () => {
    const asked: string[] = [];
    const told = (name: string, answer: unknown): Capability => ({
      kind: 'capability',
      name,
      has: () => (asked.push(name), answer),
    });
    const all = createCapabilities([told('a', true), told('b', false), told('c', true)], ['always'], options);
    expect(all.names).toEqual(['a', 'always', 'b', 'c']);
    expect(await all.ask(['always', 'a', 'b', 'c'], work)).toBe(false);
    expect(asked).toEqual(['a', 'b']);
    expect(await all.ask(['c', 'a'], work)).toBe(true);
    expect([all.mayHave(['a', 'b']), all.mayHave(['a', 'd'])]).toEqual([true, false]);
    expect([all.hasForGood(['always']), all.hasForGood(['always', 'a']), all.hasForGood([])]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('that throw, take too long or say anything but true count as missing', async () => {
    const all = createCapabilities(
      [
        defineCapability('broken', () => {
          throw new Error('no such device');
        }),
        defineCapability('slow', () => new Promise<boolean>(() => {})),
        { kind: 'capability', name: 'vague', has: () => 'yes' },
      ],
      [],
      options,
    );
    expect(await all.ask(['broken'], work)).toBe(false);
    expect(await all.ask(['vague'], work)).toBe(false);
    const slow = all.ask(['slow'], work);
    timers.advance(10_000);
    expect(await slow).toBe(false);
    expect(problems).toEqual([
      'The capability broken counts as missing: no such device',
      'The capability slow counts as missing: it has not answered for 10 s, and is asked again in 60 s',
    ]);
  });

  it('that do not answer are left alone for a minute: who waits for one takes up a place', async () => {
    let asked = 0;
    const slow = (): Promise<boolean> => {
      asked += 1;
      return asked === 1 ? new Promise(() => {}) : Promise.resolve(true);
    };
    const all = createCapabilities([defineCapability('slow', slow)], [], options);
    const first = all.ask(['slow'], work);
    timers.advance(10_000);
    expect(await first).toBe(false);
    timers.advance(59_999);
    expect([await all.ask(['slow'], work), asked]).toEqual([false, 1]);
    timers.advance(1);
    expect([await all.ask(['slow'], work), asked]).toEqual([true, 2]);
  });

  it('that throw are told of once in a minute, unless they throw something else', async () => {
    let error = 'no such device';
    const broken = defineCapability('broken', () => {
      throw new Error(error);
    });
    const all = createCapabilities([broken], [], options);
    for (let second = 0; second < 60; second += 1) {
      await all.ask(['broken'], work);
      timers.advance(1000);
    }
    expect(problems).toHaveLength(1);
    error = 'another one';
    await all.ask(['broken'], work);
    await all.ask(['broken'], work);
    expect(problems).toHaveLength(2);
    timers.advance(60_000);
    await all.ask(['broken'], work);
    expect(problems).toHaveLength(3);
  });

  it('are known by their names while they are asked', async () => {
    let whose: unknown;
    const all = createCapabilities(
      [defineCapability('gpu', () => (whose = strayErrorTarget()) !== undefined)],
      [],
      options,
    );
    expect(await all.ask(['gpu'], work)).toBe(true);
    expect(whose).toMatchObject({ executionId: 1, stepName: 'that asks for the capability gpu' });
  });

  it('are told what the work is', async () => {
    const told = vi.fn(() => true);
    const all = createCapabilities([defineCapability('room', told)], [], options);
    const parameters = new Map([['gigabytes', { type: 'integer', value: 4, identifying: true }]] as const);
    await all.ask(['room'], { jobName: 'Load', executionId: 7, parameters });
    expect(told).toHaveBeenCalledWith({ jobName: 'Load', executionId: 7, parameters: { gigabytes: 4 } });
  });

  it.each([
    ['a name that could not be written', () => defineCapability('g p u')],
    ['something else than a function', () => defineCapability('gpu', true as never)],
  ])('are refused with %s', (_what, define) => {
    expect(define).toThrow(/capability/);
  });
});

describe('the files of capabilities', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-capabilities-'));
    mkdirSync(path.join(folder, 'capabilities'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const load = (withheld: ReadonlyMap<string, string> = new Map()) =>
    loadCapabilityFiles(path.join(folder, 'jobs'), { beginning: () => {}, withheld });

  it('give what they export, and say what is wrong with the others', async () => {
    const write = (name: string, text: string): void => writeFileSync(path.join(folder, 'capabilities', name), text);
    write('a.ts', "import { defineCapability } from 'batchy';\nexport const gpu = defineCapability('gpu');\n");
    write('b.ts', "import { defineCapability } from 'batchy';\nexport const again = defineCapability('gpu');\n");
    write('c.ts', 'export const nothing = 1;\n');
    write('d.ts', 'export const = 1;\n');
    write('e.ts', "throw new Error('no driver');\n");
    write('notes.txt', 'no code');
    const { capabilities, broken } = await load(new Map([['../capabilities/e.ts', 'it ended its process']]));
    expect(capabilities.map(({ name }) => name)).toEqual(['gpu']);
    expect(broken.map(({ file, message }) => `${file}: ${message}`)).toEqual([
      '../capabilities/b.ts: gpu is defined in ../capabilities/a.ts already',
      expect.stringContaining('../capabilities/c.ts: it exports no capability'),
      expect.stringContaining('../capabilities/d.ts: '),
      '../capabilities/e.ts: it ended its process',
    ]);
  });

  it('need not be there', async () => {
    rmSync(path.join(folder, 'capabilities'), { recursive: true });
    expect(await load()).toEqual({ capabilities: [], broken: [] });
  });
});

describe('a conductor', () => {
  async function conducting(capabilities: Parameters<typeof createCapabilities>[0]) {
    const timers = createManualTimers();
    const world = await createWorld({ timers });
    const job = jobOf([{ name: 'Step', capabilities: ['gpu'], body: { kind: 'task', run: () => undefined } }], {
      capabilities: ['tape'],
    });
    const start = async (id: string, can: readonly Capability[]) => {
      const conductor = createConductor({
        ...world.tools,
        stores: world.stores,
        catalog: { get: () => job },
        id,
        leaseSeconds: 15,
        concurrency: 4,
        timers,
        capabilities: createCapabilities(can, ['tape'], { timers, onProblem: () => {} }),
        lookEveryMilliseconds: 1000,
        onProblem: (error) => {
          throw error;
        },
      });
      onTestFinished(() => conductor.stop());
      await conductor.start();
      return conductor;
    };
    onTestFinished(() => world.close());
    await start('here', capabilities);
    return { world, job, timers, start };
  }

  it('leaves what it has not the capability for to another one', async () => {
    const { world, job, timers, start } = await conducting([]);
    const id = await world.launch(job);
    for (let look = 0; look < 5; look += 1) {
      timers.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await world.outcome(id)).status).toBe('STARTING');
    await start('there', [defineCapability('gpu')]);
    await vi.waitFor(async () => {
      timers.advance(1000);
      expect((await world.outcome(id)).status).toBe('COMPLETED');
    });
    expect(await world.log(id, null)).toContain('conductor there');
  });

  it('takes it as soon as the capability is there, and no attempt is lost', async () => {
    let isFree = false;
    const asked = vi.fn(() => isFree);
    const { world, job, timers } = await conducting([defineCapability('gpu', asked)]);
    const id = await world.launch(job);
    await vi.waitFor(() => {
      timers.advance(1000);
      expect(asked.mock.calls.length).toBeGreaterThan(2);
    });
    expect(await world.outcome(id)).toMatchObject({ status: 'STARTING', execution: { takeovers: 0, startedAt: null } });
    isFree = true;
    await vi.waitFor(async () => {
      timers.advance(1000);
      expect(await world.outcome(id)).toMatchObject({ status: 'COMPLETED', execution: { takeovers: 0 } });
    });
  });
});
