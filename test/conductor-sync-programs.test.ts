import { execFileSync, execSync, spawnSync } from 'node:child_process';

import { beforeAll, beforeEach, expect, it } from 'vitest';

import type { Holder } from '../src/conductor-holder.ts';
import { noteSyncPrograms, notedHolder } from '../src/conductor-sync-programs.ts';

const step: Holder = { executionId: 4, whose: 'step Lädt of execution 4 (Orders)' };
let holder: Holder | null = step;
let memory: SharedArrayBuffer;
let seen: (Holder | null | undefined)[];
beforeAll(() => {
  memory = noteSyncPrograms(() => holder);
});
beforeEach(() => {
  holder = step;
  seen = [];
});

/** Options that are read, perhaps several times, while the call is under way. */
function looking(): { readonly encoding: 'utf8'; readonly cwd: string } {
  let hasLooked = false;
  return {
    encoding: 'utf8',
    get cwd() {
      if (!hasLooked) seen.push(notedHolder(memory));
      hasLooked = true;
      return process.cwd();
    },
  };
}

it('notes whose code waits for a program, as long as it waits', () => {
  expect(notedHolder(memory)).toBeUndefined();
  expect(execFileSync('printf', ['%s', 'one'], looking())).toBe('one');
  expect(execSync('printf two', looking())).toBe('two');
  expect(spawnSync('printf', ['three'], looking()).stdout).toBe('three');
  expect(seen).toEqual([step, step, step]);
  expect(notedHolder(memory)).toBeUndefined();
});

it('notes nobody, and forgets who waited for one that failed', () => {
  holder = null;
  expect(() => execFileSync('false', [], looking())).toThrow('Command failed');
  expect(seen).toEqual([null]);
  expect(notedHolder(memory)).toBeUndefined();
});

it('notes nothing that has no room', () => {
  holder = { executionId: 4, whose: 'x'.repeat(10_000) };
  spawnSync('true', [], looking());
  expect(seen).toEqual([undefined]);
});
