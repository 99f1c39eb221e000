import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { testApp } from '../http/test-app.ts';
import { fakeServer, problem } from './fake-server.ts';
import { run } from './run.ts';

/** What doctor says about the port and the named server, and how it ends. */
async function examine(url: string, environment: Record<string, string> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'batchy.yaml'), '');
  const { port } = new URL(url);
  const { exit, out } = await run('batchy', ['doctor', '--json'], {
    folder,
    environment: { PORT: port, ...environment },
  });
  const findings = JSON.parse(out) as { subject: string; verdict: string; detail: string }[];
  const about = (subject: string) => findings.find((finding) => finding.subject === subject);
  return { exit, port: about(`port ${port}`), server: about('server') };
}

it('knows a Batchy that wants an API key, with and without the key', async () => {
  const app = await testApp({ keys: { 'a-key-that-may-read': 'read' }, settings: { PORT: 0 } });
  const url = await app.start();
  const asksForKey = { verdict: 'warn', detail: expect.stringContaining('BATCHY_KEY') };

  expect(await examine(url)).toEqual({ exit: 0, port: expect.objectContaining(asksForKey), server: undefined });
  expect(await examine(url, { BATCHY_URL: url, BATCHY_KEY: 'of-nobody' })).toMatchObject({
    exit: 0,
    port: asksForKey,
    server: asksForKey,
  });
  expect(await examine(url, { BATCHY_URL: url, BATCHY_KEY: 'a-key-that-may-read' })).toMatchObject({
    exit: 0,
    port: { verdict: 'ok', detail: 'a Batchy server runs here' },
    server: { verdict: 'ok' },
  });
});

it.each([
  ['401 of another program', { status: 401, body: 'who are you?' }],
  ['page of another program', { body: '<html>' }],
  ['cut connection', 'drop'],
] as const)('takes a %s for no Batchy, and shows it no key', async (_case, answer) => {
  const other = await fakeServer(() => answer);
  expect(await examine(other.url, { BATCHY_KEY: 'secret' })).toMatchObject({
    exit: 1,
    port: { verdict: 'fail', detail: expect.stringContaining('another program') },
  });
  expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

it('passes on that a Batchy has no room now', async () => {
  const busy = await fakeServer(() => ({
    ...(problem(503, 'overloaded', 'Too much at once.') as object),
    headers: { 'content-type': 'application/problem+json' },
  }));
  expect(await examine(busy.url)).toMatchObject({
    exit: 0,
    port: { verdict: 'warn', detail: expect.stringContaining('503') },
  });
});

it('does not judge what gives no answer', async () => {
  const stuck = await fakeServer(() => 'hang');
  expect(await examine(stuck.url)).toMatchObject({
    exit: 1,
    port: { verdict: 'fail', detail: expect.stringContaining('a Batchy that is stuck, or another program') },
  });
});
