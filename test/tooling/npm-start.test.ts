import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../servers/free-port.ts';

const root = path.resolve(import.meta.dirname, '../..');

it('leaves nothing behind when npm start is told to stop', async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'batchy-npm-start-'));
  const port = await freePort();
  const npm = spawn('npm', ['start'], {
    cwd: root,
    env: { ...process.env, PORT: String(port), BATCHY_DATA: data, LOG_LEVEL: 'error' },
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    // What was left behind would be in the group.
    try {
      process.kill(-(npm.pid as number), 'SIGKILL');
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ESRCH');
    }
    rmSync(data, { recursive: true, force: true });
  });
  let printed = '';
  npm.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  await vi.waitFor(() => expect(printed).toContain('Batchy listens on'), { timeout: 30_000 });
  expect(await answers(port)).toBe(true);

  npm.kill('SIGTERM');
  await once(npm, 'exit');
  await vi.waitFor(async () => expect(await answers(port)).toBe(false), { timeout: 20_000, interval: 100 });
});

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
