import { describe, expect, it } from 'vitest';

import { executionDocument, leaseDocument } from '../../src/domain/execution-documents.ts';
import { type ConductorAbout, heartbeatDocument } from '../../src/domain/heartbeat.ts';
import { documentWriter } from '../document-writer.ts';
import { executionOf } from '../domain/instance-of.ts';
import { fixedCatalog } from './fixed-catalog.ts';
import { testApp } from './test-app.ts';

const about: ConductorAbout = { host: 'etl-1', processId: 7, role: 'worker', concurrency: 4, capabilities: [] };

/** The store's clock stands still, unless it is set. */
async function conductorsApp(leaseSeconds = 10) {
  const app = await testApp({
    start: '2026-11-22T10:00:00',
    settings: { PORT: 0, LEASE_SECONDS: leaseSeconds, WATCH_SECONDS: 0.01 },
    jobSide: fixedCatalog({ name: 'Etl', queue: 'etl' }),
  });
  const put = documentWriter(app.stores.store);
  const beat = async (conductor: string, more: Partial<ConductorAbout> = {}): Promise<void> => {
    await put(heartbeatDocument({ conductor, at: await app.clock.now(), about: { ...about, ...more } }));
  };
  return { ...app, start: () => app.start(), put, beat };
}

describe('GET /conductors', () => {
  it('lists those that are gone for an hour, unless all are asked for, or they still own something', async () => {
    const { call, clock, put, beat } = await conductorsApp();
    const listed = async (query = ''): Promise<string[]> =>
      (await call('GET', `/conductors${query}`)).json.map(({ id, state }: Record<string, string>) => `${id} ${state}`);
    await beat('a-killed');
    await beat('b-owning');
    const execution = { ...executionOf('STARTED'), id: 1 };
    await put(executionDocument(execution));
    await put(leaseDocument({ executionId: 1, conductor: 'b-owning', takenAt: execution.createdAt }));
    clock.set('2026-11-22T11:00:00');
    await beat('c-living');
    expect(await listed()).toEqual(['a-killed silent', 'b-owning silent', 'c-living online']);
    clock.set('2026-11-22T11:00:01');
    expect(await listed()).toEqual(['b-owning silent', 'c-living online']);
    expect(await listed('?all=false')).toEqual(['b-owning silent', 'c-living online']);
    expect(await listed('?all=true')).toEqual(['a-killed silent', 'b-owning silent', 'c-living online']);
    expect((await call('GET', '/conductors?all=yes')).status).toBe(400);
  });

  it('calls one silent by the lease that it tells', async () => {
    const { call, clock, beat } = await conductorsApp(10);
    await beat('a-long', { leaseSeconds: 60 });
    await beat('b-short', { leaseSeconds: 2.5 });
    await beat('c-older');
    clock.set('2026-11-22T10:00:05');
    const states = async (): Promise<string[]> =>
      (await call('GET', '/conductors')).json.map(({ state }: Record<string, string>) => state);
    expect(await states()).toEqual(['online', 'silent', 'online']);
    clock.set('2026-11-22T10:00:59');
    expect(await states()).toEqual(['online', 'silent', 'silent']);
  });
});

describe('an execution that needs something', () => {
  it('says that it waits for it, also where those that may have it have not begun it', async () => {
    const app = await testApp({ jobSide: fixedCatalog({ name: 'Train', capabilities: ['gpu'] }) });
    const put = documentWriter(app.stores.store);
    await app.call('POST', '/jobs/Train/launch');
    const awaits = async (): Promise<string> => (await app.call('GET', '/executions/1')).json.awaits;
    expect(await awaits()).toBe('a conductor with gpu: none online');
    const at = await app.clock.now();
    await put(heartbeatDocument({ conductor: 'a', at, about: { ...about, capabilities: ['gpu'] } }));
    expect(await awaits()).toBe('a conductor with gpu: of those online that may have it none has begun it yet');
    await put(leaseDocument({ executionId: 1, conductor: 'a', takenAt: at }));
    expect(await awaits()).toBeNull();
  });
});

describe('/health/ready', () => {
  it('warns of a queue in which something waits and that nobody online runs', async () => {
    const { call, start, beat } = await conductorsApp(0.05);
    await call('POST', '/jobs/Etl/launch');
    await beat('a-reports', { queues: ['reports'] });
    await start();
    const warnings = async (): Promise<string> => (await call('GET', '/health/ready')).json.warnings.join();
    await expect.poll(warnings).toContain('No process that is online runs queue etl: execution 1 waits');
    await beat('b-all');
    await expect.poll(warnings).not.toContain('queue etl');
  });

  it('warns of those that have read different job files, and says which have read what', async () => {
    const { call, start, beat } = await conductorsApp(0.05);
    await beat('a', { jobsVersion: 'aaaa' });
    await beat('b', { jobsVersion: 'bbbb' });
    await beat('c-draining', { jobsVersion: 'cccc', isDraining: true });
    await beat('d-older');
    await start();
    const warnings = async (): Promise<string> => (await call('GET', '/health/ready')).json.warnings.join();
    await expect.poll(warnings).toContain('have read different job files: aaaa by a; bbbb by b.');
    expect((await call('GET', '/conductors')).json).toMatchObject([
      { id: 'a', jobs_version: 'aaaa', draining: false },
      { id: 'b', jobs_version: 'bbbb', draining: false },
      { id: 'c-draining', jobs_version: 'cccc', draining: true },
      { id: 'd-older', jobs_version: null, draining: false },
    ]);
  });
});
