import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';
import { expect, it, onTestFinished } from 'vitest';
import { testApp, type TestApp } from '../http/test-app.ts';
import { blocksOf, documents, root } from './documents.ts';

/** The service over HTTP with the samples of `cfg` as a stranger finds them. */
async function startSamples(...workflows: readonly string[]): Promise<{ app: TestApp; url: string }> {
  const app = await testApp({ settings: { PORT: 0, BATCHY_CFG: path.join(root, 'cfg') } });
  const url = await app.start();
  for (const workflow of workflows) expect((await app.call('POST', `/load_cfg/${workflow}`)).status).toBe(200);
  return { app, url };
}

it('runs the Informatica commands: parameter file, success, failure', async () => {
  const { app, url } = await startSamples('orders');
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-informatica-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'Params'));
  const text = documents.get('docs/recipes/informatica-pre-post-session.md') ?? '';
  const [before = '', success = '', failure = ''] = blocksOf(text, 'sh').filter((block) => block.startsWith('curl'));
  const run = (command: string, id: string) =>
    execa('sh', ['-euc', command], { env: { BATCHY_URL: url, PMRootDir: folder, RUN: id } });
  const status = async () => (await app.call('GET', '/workflows/orders')).json.status;

  await run(before, 'first');
  const file = readFileSync(path.join(folder, 'Params/orders.par'), 'utf8');
  const [shown = ''] = blocksOf(text, 'ini');
  expect(file.slice(0, shown.length)).toBe(shown);
  expect(await status()).toBe('open');
  await run(success, 'first');
  expect(await status()).toBe('success');

  app.clock.advance({ hours: 1 });
  await run(before, 'second');
  await run(failure, 'second');
  expect(await status()).toBe('failed');
  const { json } = await app.call('GET', '/workflows/orders/batches?limit=1');
  expect(json[0].jobs.extract_orders.reason).toBe('session failed');
});

it('runs the example of the typed client', async () => {
  const { app, url } = await startSamples('wf1');
  const [example = ''] = blocksOf(documents.get('docs/api.md') ?? '', 'ts');
  const { stdout } = await execa(process.execPath, ['--input-type=module-typescript', '-'], {
    cwd: root,
    env: { BATCHY_URL: url },
    input: example,
  });
  expect(stdout).toMatch(/^loading what has changed since 2026-01-01T00:00:00\.000000\n\d{10}$/);
  expect((await app.call('GET', '/get_status/wf1')).json.job2).toMatchObject({ status: 'success', rows: 123 });
});

it('runs the commands of the API’s description', async () => {
  const { app, url } = await startSamples('wf1');
  const blocks = blocksOf(documents.get('docs/api.md') ?? '', 'sh');
  expect(blocks.length).toBeGreaterThan(0);
  for (const block of blocks) {
    const { stdout } = await execa('bash', ['-euc', block], { env: { URL: url } });
    expect(JSON.parse(stdout)).toMatchObject({ workflow: 'wf1', jobs: [{ from_date: '2026-11-01T00:00:00.000000' }] });
  }
  expect((await app.call('GET', '/get_status/wf1')).json.job1).toMatchObject({
    status: 'new',
    from_date: '2026-11-01',
  });
});
