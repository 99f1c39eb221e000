import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { type JobService, startJobService } from './job-service.ts';

/** Computes without a pause until there is a file `go`; each run leaves a line in `runs`. */
const computing = `
import { appendFileSync, existsSync } from 'node:fs';
import { defineJob, step } from 'batchy';

export default defineJob({
  name: 'Computing',
  steps: [step('Compute', () => { appendFileSync('runs', 'begun\\n'); while (!existsSync('go')); })],
});
`;

/** Awaits nothing and never ends. */
const looping = `
import { defineJob, step } from 'batchy';

export const spin = defineJob({
  name: 'Spin',
  onOwnerLost: 'fail',
  steps: [step('Loop', () => { for (;;); })],
});
export const quick = defineJob({ name: 'Quick', steps: [step('One', () => {})] });
`;

let folder = '';
const services: JobService[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'batchy-computing-'));
  mkdirSync(path.join(folder, 'cfg/jobs'), { recursive: true });
});
afterEach(async () => {
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
});

async function stopAll(): Promise<void> {
  writeFileSync(path.join(folder, 'go'), '');
  await Promise.all(services.splice(0).map((service) => service.stop()));
}

async function start(settings: Readonly<Record<string, string>>): Promise<JobService> {
  const service = await startJobService(folder, settings);
  services.push(service);
  return service;
}

async function computesLong(settings: Readonly<Record<string, string>>): Promise<void> {
  writeFileSync(path.join(folder, 'cfg/jobs/computing.ts'), computing);
  const first = await start(settings);
  const id = (await first.call('POST', '/jobs/Computing/launch')).json.execution_id;
  await vi.waitFor(() => expect(existsSync(path.join(folder, 'runs'))).toBe(true), { timeout: 20_000 });
  const second = await start(settings);
  // Watches for a lease's time whether the owner gives a sign of life, unless it sees one before.
  for (let looks = 0; looks < 5; looks += 1)
    expect((await second.call('POST', `/executions/${id}/recover`)).status).toBe(409);
  writeFileSync(path.join(folder, 'go'), '');
  expect(await second.ended(id)).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
  expect(readFileSync(path.join(folder, 'runs'), 'utf8')).toBe('begun\n');
  // Before their store.
  await stopAll();
}

describe('a step that computes for longer than a lease lasts', () => {
  it('is run by nobody else, on the embedded store', () => computesLong({}));

  describeWithRedis('on Redis', () => {
    let redis: RedisServer;
    beforeEach(async () => {
      redis = await startRedis();
    });
    afterEach(() => redis.stop());
    it('is run by nobody else', () => computesLong({ REDIS_URL: redis.url }));
  });
});

it('a step that loops for ever is told of, keeps nobody else from running, and is ended', async () => {
  writeFileSync(path.join(folder, 'cfg/jobs/looping.ts'), looping);
  const service = await start({ BLOCKED_SECONDS: '6' });
  const spin = (await service.call('POST', '/jobs/Spin/launch')).json.execution_id;
  const warnings = async (): Promise<string> => (await service.call('GET', '/health/ready')).json.warnings.join('\n');
  await expect.poll(warnings, { timeout: 20_000, interval: 50 }).toContain(`execution ${spin} (Spin)`);
  const quick = (await service.call('POST', '/jobs/Quick/launch')).json.execution_id;
  expect(await service.ended(quick)).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
  expect(await service.ended(spin)).toMatchObject({
    status: 'FAILED',
    exit_message: 'owner lost: its process did not answer for 6 s and was ended',
  });
  expect(await warnings()).not.toContain('Spin');
  expect(service.log()).toMatch(/It runs execution \d+ \(Spin\)/);
  expect((await service.call('GET', `/executions/${spin}/log`)).json).toContain(
    'the process that ran it did not answer for 6 s and was ended; it may not be taken over again',
  );
});
