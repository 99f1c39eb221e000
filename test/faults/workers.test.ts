import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { type JobService, startJobService } from './job-service.ts';

const project = path.resolve(import.meta.dirname, '../..');
const patience = { timeout: 60_000, interval: 50 };

/** Each execution tells in a file of its own that it runs, and waits until all may go on. */
const jobFile = `
import { appendFileSync, existsSync, watch } from 'node:fs';
import { defineJob, step } from 'batchy';

const mayGoOn = () => new Promise((resolve) => {
  const watcher = watch('.', look);
  function look() {
    if (!existsSync('go')) return;
    watcher.close();
    resolve();
  }
  look();
});

export default defineJob({
  name: 'Told',
  steps: [
    step('Tell', async (ctx) => {
      appendFileSync(\`ran-\${ctx.parameters.number}\`, 'x');
      await mayGoOn();
    }),
  ],
});
`;

/** Runs only where there is what it needs. */
const pickyFile = `
import { defineJob, step } from 'batchy';

export default defineJob({ name: 'Picky', capabilities: ['gpu', 'port_is_free'], steps: [step('Do', () => undefined)] });
`;

/** Free as long as nobody has put a file there. */
const capabilityFile = `
import { existsSync } from 'node:fs';
import { defineCapability } from 'batchy';

export const portIsFree = defineCapability('port_is_free', () => !existsSync('port'));
`;

describeWithRedis('workers beside a server that runs no jobs', () => {
  let folder = '';
  let redis: RedisServer;
  let service: JobService;
  let workers: ChildProcess[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-workers-'));
    mkdirSync(path.join(folder, 'cfg/jobs'), { recursive: true });
    writeFileSync(path.join(folder, 'cfg/jobs/told.ts'), jobFile);
    writeFileSync(path.join(folder, 'cfg/jobs/picky.ts'), pickyFile);
    mkdirSync(path.join(folder, 'cfg/capabilities'));
    writeFileSync(path.join(folder, 'cfg/capabilities/port.ts'), capabilityFile);
    redis = await startRedis();
    service = await startJobService(folder, { REDIS_URL: redis.url, WORKER: '0', LOG_LEVEL: 'error' });
  });
  afterEach(async () => {
    for (const worker of workers) if (worker.exitCode === null) worker.kill('SIGKILL');
    workers = [];
    await service.stop();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function startWorker(environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const main = path.join(project, 'src/main.ts');
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'worker'], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        REDIS_URL: redis.url,
        BATCHY_CFG: path.join(folder, 'cfg'),
        BATCHY_DATA: path.join(folder, 'data'),
        LEASE_SECONDS: '1',
        LOG_LEVEL: 'error',
        ...environment,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    workers.push(child);
    return child;
  }

  const online = async (): Promise<{ id: string; state: string; role: string; execution_ids: number[] }[]> => {
    const { json } = await service.call('GET', '/conductors');
    return json.filter(({ state }: { state: string }) => state === 'online');
  };
  const launch = async (number: number): Promise<number> => {
    const { status, json } = await service.call('POST', '/jobs/Told/launch', { number });
    expect(status).toBe(202);
    return json.execution_id;
  };

  it('share the work, are listed, go on with what one of them left, and end in good order', patience, async () => {
    const first = startWorker();
    const second = startWorker();
    const third = startWorker();
    await vi.waitFor(async () => expect(await online()).toHaveLength(3), patience);
    expect((await online()).map(({ role }) => role)).toEqual(['worker', 'worker', 'worker']);
    const ids = await Promise.all(Array.from({ length: 60 }, (_each, number) => launch(number)));
    // Each runs as many as it may at a time.
    const busy = async () => (await online()).map(({ execution_ids: owned }) => owned.length);
    await vi.waitFor(async () => expect(await busy()).toEqual([4, 4, 4]), patience);
    const begun = (): number => readdirSync(folder).filter((name) => name.startsWith('ran-')).length;
    await vi.waitFor(() => expect(begun()).toBe(12), patience);
    // One is killed in the middle of it, and one ends in good order.
    first.kill('SIGKILL');
    const ended = once(second, 'exit');
    second.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    writeFileSync(path.join(folder, 'go'), '');
    for (const id of ids) expect(await service.ended(id)).toMatchObject({ status: 'COMPLETED' });
    // What the two had under way was run once more, and nothing else was.
    const runs = ids.map((_id, number) => readFileSync(path.join(folder, `ran-${number}`), 'utf8').length);
    expect(runs.filter((count) => count === 2)).toHaveLength(8);
    expect(runs.filter((count) => count === 1)).toHaveLength(52);
    await vi.waitFor(async () => expect(await online()).toHaveLength(1), patience);
    const last = once(third, 'exit');
    third.kill('SIGTERM');
    expect(await last).toEqual([0, null]);
    expect(await online()).toEqual([]);
  });

  it(
    'run what needs a capability where it is, and when it is there; until then it says what it waits for',
    patience,
    async () => {
      startWorker();
      const { json } = await service.call('POST', '/jobs/Picky/launch', {});
      const about = async () => (await service.call('GET', `/executions/${json.execution_id}`)).json;
      await vi.waitFor(
        async () => expect(await online()).toMatchObject([{ capabilities: ['port_is_free'] }]),
        patience,
      );
      expect(await about()).toMatchObject({
        status: 'STARTING',
        awaits: 'a conductor with gpu, port_is_free: none online',
      });
      writeFileSync(path.join(folder, 'port'), 'taken');
      startWorker({ CAPABILITIES: 'gpu' });
      await vi.waitFor(async () => expect(await online()).toHaveLength(2), patience);
      expect(await about()).toMatchObject({ status: 'STARTING', awaits: null, takeovers: 0 });
      rmSync(path.join(folder, 'port'));
      expect(await service.ended(json.execution_id)).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
    },
  );
});
