import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { type JobService, startJobService } from './job-service.ts';

/** `Neighbour` runs until there is a file `go`; the other steps throw where nothing catches it, or end the process. */
const jobs = `
import { existsSync, rmSync, watchFile, unwatchFile, writeFileSync } from 'node:fs';
import { defineJob, step } from 'batchy';

const when = (file, call) => watchFile(file, { interval: 20 }, () => {
  if (!existsSync(file)) return;
  unwatchFile(file);
  call();
});
// Belongs to no step. Only the process that finds the file throws.
when('bad', () => {
  rmSync('bad');
  throw new Error('nobody knows whose');
});

export const neighbour = defineJob({
  name: 'Neighbour',
  onOwnerLost: 'fail',
  steps: [step('Wait', () => new Promise((resolve) => {
    when('go', () => resolve(undefined));
    writeFileSync('begun', '');
  }))],
});
export const rejecting = defineJob({
  name: 'Rejecting',
  steps: [step('Reject', () => { void Promise.reject(new Error('nobody awaits me')); })],
});
export const throwing = defineJob({
  name: 'Throwing',
  steps: [step('Throw', ({ signal }) => new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    setImmediate(() => { throw new Error('thrown by a callback'); });
  }))],
});
export const exiting = defineJob({
  name: 'Exiting',
  maxTakeovers: 1,
  steps: [step('Exit', ({ logger }) => { logger.info('last words'); process.exit(7); })],
});
export const patient = defineJob({
  name: 'Patient',
  maxTakeovers: 1,
  steps: [step('Wait', () => new Promise((resolve) => {
    when('go', () => resolve(undefined));
    writeFileSync('begun', '');
  }))],
});
export const quick = defineJob({ name: 'Quick', steps: [step('One', () => {})] });
`;

let folder = '';
let service: JobService;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'batchy-stray-'));
  mkdirSync(path.join(folder, 'cfg/jobs'), { recursive: true });
  writeFileSync(path.join(folder, 'cfg/jobs/jobs.ts'), jobs);
  service = await startJobService(folder);
});
afterEach(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function launch(job: string): Promise<number> {
  return (await service.call('POST', `/jobs/${job}/launch`)).json.execution_id;
}

it('an error that nothing catches fails its own step, and all others in the process go on', async () => {
  const neighbour = await launch('Neighbour');
  await vi.waitFor(() => expect(existsSync(path.join(folder, 'begun'))).toBe(true), { timeout: 50_000 });
  expect(await service.ended(await launch('Rejecting'))).toMatchObject({
    status: 'FAILED',
    exit_message: 'nobody awaits me',
    takeovers: 0,
  });
  expect(await service.ended(await launch('Throwing'))).toMatchObject({
    status: 'FAILED',
    exit_message: 'thrown by a callback',
    takeovers: 0,
  });
  // An exception of nobody: what runs ends in its process, and another one takes what is new.
  writeFileSync(path.join(folder, 'bad'), '');
  await vi.waitFor(() => expect(service.log()).toContain('nobody knows whose'), { timeout: 50_000 });
  expect(service.log()).toContain(`What runs, goes on: execution ${neighbour} (Neighbour)`);
  expect(await service.ended(await launch('Quick'))).toMatchObject({ status: 'COMPLETED' });
  writeFileSync(path.join(folder, 'go'), '');
  expect(await service.ended(neighbour)).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
});

it('a step that ends the process is named wherever that was felt, and its neighbours go on', async () => {
  const patient = await launch('Patient');
  await vi.waitFor(() => expect(existsSync(path.join(folder, 'begun'))).toBe(true), { timeout: 50_000 });
  const exiting = await launch('Exiting');
  const why = `was ended by step Exit of execution ${exiting} (Exiting) with exit code 7`;
  expect(await service.ended(exiting)).toMatchObject({
    status: 'FAILED',
    exit_message: `owner lost: its process ${why}`,
    takeovers: 1,
  });
  expect(service.log()).toContain(`${why}. It ran execution ${patient} (Patient), execution ${exiting} (Exiting)`);
  const logOf = async (id: number): Promise<string> => (await service.call('GET', `/executions/${id}/log`)).json;
  expect(await logOf(exiting)).toContain('last words');
  expect(await logOf(exiting)).toContain(`the process that ran it ${why}; it goes on here, takeover 1 of 1 at most`);
  expect(await logOf(exiting)).toContain(`the process that ran it ${why}; it may not be taken over again`);
  expect(await logOf(patient)).toContain(`the process that ran it ${why}; it goes on here`);
  writeFileSync(path.join(folder, 'go'), '');
  expect(await service.ended(patient)).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
});
