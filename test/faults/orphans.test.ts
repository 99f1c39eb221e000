import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { type JobService, startJobService } from './job-service.ts';

/** Leaves the id of the process that runs it in a file, and never lets go of its event loop. */
const hold = (file: string): string => `writeFileSync('${file}', String(process.pid)); for (;;);`;

const spinningStep = `
import { writeFileSync } from 'node:fs';
import { defineJob, step } from 'batchy';
export default defineJob({ name: 'Spin', steps: [step('Loop', () => { ${hold('step')} })] });
`;
const spinningFile = `import { writeFileSync } from 'node:fs';\n${hold('file')}\n`;

let folder = '';
let service: JobService;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'batchy-orphans-'));
  mkdirSync(path.join(folder, 'cfg/jobs'), { recursive: true });
  writeFileSync(path.join(folder, 'cfg/jobs/spin.ts'), spinningStep);
  service = await startJobService(folder);
});
afterEach(async () => {
  await service.stop();
  for (const pid of [pidIn('step'), pidIn('file')].filter(isRunning)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function pidIn(file: string): number {
  const whole = path.join(folder, file);
  return existsSync(whole) ? Number(readFileSync(whole, 'utf8')) : 0;
}

/** One that has ended stays in the table until somebody asks for its exit code, and in a container perhaps nobody does. */
function isRunning(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self/stat') || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

it('a service that is killed leaves no process behind, however busy a step or a job file keeps it', async () => {
  const patience = { timeout: 50_000, interval: 20 };
  await service.call('POST', '/jobs/Spin/launch');
  await vi.waitFor(() => expect(isRunning(pidIn('step'))).toBe(true), patience);
  writeFileSync(path.join(folder, 'cfg/jobs/a-loop.ts'), spinningFile);
  await vi.waitFor(() => expect(isRunning(pidIn('file'))).toBe(true), patience);
  expect(pidIn('file')).not.toBe(pidIn('step'));
  await service.kill();
  await vi.waitFor(
    () => expect([isRunning(pidIn('step')), isRunning(pidIn('file'))]).toEqual([false, false]),
    patience,
  );
});
