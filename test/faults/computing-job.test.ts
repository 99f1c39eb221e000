import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

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

/** `Spin` never ends, from some turn of its event loop on: at first in a loop, then as it waits for a program. `Patient` waits in the midst of a chunk until there is a file `go`. */
const looping = `
import { execFileSync } from 'node:child_process';
import { existsSync, unwatchFile, watchFile, writeFileSync } from 'node:fs';
import { chunkStep, csvWriter, defineJob, step } from 'batchy';

const waitFor = (file) => new Promise((resolve) => {
  const look = () => {
    if (!existsSync(file)) return;
    unwatchFile(file, look);
    resolve(undefined);
  };
  watchFile(file, { interval: 20 }, look);
  look();
});

export const spin = defineJob({
  name: 'Spin',
  maxTakeovers: 1,
  steps: [step('Loop', async () => {
    await new Promise((resolve) => { setImmediate(resolve); });
    if (existsSync('looped')) execFileSync('sleep', ['30']);
    writeFileSync('looped', '');
    for (;;);
  })],
});
export const patient = defineJob({
  name: 'Patient',
  maxTakeovers: 1,
  steps: [chunkStep('Copy', {
    reader: () => Array.from({ length: 40 }, (_, n) => ({ n: n + 1 })),
    processor: async (row) => {
      if (row.n === 23) {
        writeFileSync('waits', '');
        await waitFor('go');
      }
      return row;
    },
    writer: csvWriter('rows.csv'),
    chunkSize: 5,
  })],
});
export const quick = defineJob({ name: 'Quick', steps: [step('One', () => {})] });
`;

/**
 * Three steps side by side, to targets of three kinds, with keys that come twice. With their second items they wait for a file `resumed`, and write before anything else can
 * happen in their process; whoever comes when there is a file `paused` writes longer texts without waiting.
 */
const paused = `
import { appendFileSync, existsSync } from 'node:fs';
import { chunkStep, csvWriter, defineJob, jsonWriter, sqlWriter } from 'batchy';

const waiting = Promise.withResolvers();
let count = 0;
const resumed = () => {
  appendFileSync('waiting', process.pid + '\\n');
  count += 1;
  if (count < 3) return waiting.promise;
  while (!existsSync('resumed'));
  waiting.resolve(undefined);
};
const load = (name, writer) => chunkStep(name, {
  dependsOn: [],
  reader: function* () {
    try {
      yield* [1, 2, 3, 4, 5, 6];
    } finally {
      appendFileSync('over', process.pid + '\\n');
    }
  },
  processor: async (number) => {
    const who = existsSync('paused') ? 'the next one' : 'the first';
    if (number === 2 && who === 'the first') await resumed();
    return { id: number % 3, number, who };
  },
  writer,
  chunkSize: 1,
});

export default defineJob({
  name: 'Paused',
  steps: [
    load('Table', sqlWriter({ connection: 'sqlite:target.db', table: 'rows', key: ['id'] })),
    load('CSV', csvWriter('rows.csv')),
    load('JSON', jsonWriter('rows.json')),
  ],
});
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

/** What the job has left in the file, a process a line. */
function pids(file: string): number[] {
  const name = path.join(folder, file);
  return existsSync(name) ? readFileSync(name, 'utf8').trim().split('\n').map(Number) : [];
}

/** Two services run: one of them gets it, and the other one goes on with it. */
async function isPaused(service: JobService): Promise<void> {
  const target = new DatabaseSync(path.join(folder, 'target.db'));
  target.exec('create table rows (id integer primary key, number integer, who text)');
  const id = (await service.call('POST', '/jobs/Paused/launch')).json.execution_id;
  await vi.waitFor(() => expect(pids('waiting')).toHaveLength(3), { timeout: 20_000 });
  const [pid = 0] = pids('waiting');
  process.kill(pid, 'SIGSTOP');
  try {
    writeFileSync(path.join(folder, 'paused'), '');
    expect(await service.ended(id)).toMatchObject({ status: 'COMPLETED', takeovers: 1 });
    writeFileSync(path.join(folder, 'resumed'), '');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await vi.waitFor(() => expect(pids('over').filter((each) => each === pid)).toHaveLength(3), { timeout: 20_000 });
  const who = 'the next one';
  const written = [1, 2, 3, 4, 5, 6].map((number) => ({
    id: number % 3,
    number,
    who: number === 1 ? 'the first' : who,
  }));
  const last = target.prepare('select * from rows order by number').all();
  target.close();
  expect(last.map((row) => ({ ...row }))).toEqual(written.slice(3));
  const csv = written.map(({ id: key, number, who: writer }) => `${key},${number},${writer}\n`);
  expect(readFileSync(path.join(folder, 'rows.csv'), 'utf8')).toBe(`id,number,who\n${csv.join('')}`);
  expect(JSON.parse(readFileSync(path.join(folder, 'rows.json'), 'utf8'))).toEqual(written);
}

async function computesLong(settings: Readonly<Record<string, string>>): Promise<void> {
  writeFileSync(path.join(folder, 'cfg/jobs/computing.ts'), computing);
  writeFileSync(path.join(folder, 'cfg/jobs/paused.ts'), paused);
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
  await isPaused(second);
  // Before their store.
  await stopAll();
}

describe('a step that computes for longer than a lease lasts is run by nobody else; a process that was paused for as long', () => {
  it('writes nothing over what its successor has written, on the embedded store', () => computesLong({}));

  describeWithRedis('on Redis', () => {
    let redis: RedisServer;
    beforeEach(async () => {
      redis = await startRedis();
    });
    afterEach(() => redis.stop());
    it('writes nothing over what its successor has written', () => computesLong({ REDIS_URL: redis.url }));
  });
});

it('a step that loops for ever is told of, is ended, and costs its neighbours nothing', async () => {
  writeFileSync(path.join(folder, 'cfg/jobs/looping.ts'), looping);
  const service = await start({ BLOCKED_SECONDS: '3' });
  const patient = (await service.call('POST', '/jobs/Patient/launch')).json.execution_id;
  await vi.waitFor(() => expect(existsSync(path.join(folder, 'waits'))).toBe(true), { timeout: 20_000 });
  const spin = (await service.call('POST', '/jobs/Spin/launch')).json.execution_id;
  const loop = `step Loop of execution ${spin} (Spin)`;
  const warnings = async (): Promise<string> => (await service.call('GET', '/health/ready')).json.warnings.join('\n');
  await expect.poll(warnings, { timeout: 20_000, interval: 50 }).toContain(`${loop} computes or waits without a pause`);
  const quick = (await service.call('POST', '/jobs/Quick/launch')).json.execution_id;
  expect(await service.ended(quick)).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
  const why = `was held up for 3 s by ${loop} and was ended`;
  expect(await service.ended(spin)).toMatchObject({
    status: 'FAILED',
    exit_message: `owner lost: its process ${why}`,
    takeovers: 1,
  });
  expect(await warnings()).not.toContain('Spin');
  expect(service.log()).toContain(`It runs execution ${patient} (Patient), execution ${spin} (Spin)`);
  const logOf = async (id: number): Promise<string> => (await service.call('GET', `/executions/${id}/log`)).json;
  expect(await logOf(spin)).toContain(`the process that ran it ${why}; it may not be taken over again`);
  // Both times along with the other one.
  expect((await logOf(patient)).split(`the process that ran it ${why}; it goes on here\n`)).toHaveLength(3);
  writeFileSync(path.join(folder, 'go'), '');
  expect(await service.ended(patient)).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
  const rows = readFileSync(path.join(folder, 'rows.csv'), 'utf8').trim().split(/\r?\n/);
  expect(rows).toEqual(['n', ...Array.from({ length: 40 }, (_, n) => String(n + 1))]);
});
