import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { openBlockingLine } from '../../../src/runner/worker-process/node/blocking-line.ts';

let folder: string;
let descriptor: number;
const pipe = (): string => path.join(folder, 'pipe');
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'batchy-line-'));
  spawnSync('mkfifo', [pipe()]);
  // One that says EAGAIN instead of waiting.
  descriptor = openSync(pipe(), constants.O_RDWR | constants.O_NONBLOCK);
});
afterEach(() => {
  closeSync(descriptor);
  rmSync(folder, { recursive: true, force: true });
});

it('waits for a message on a descriptor that does not', () => {
  spawn('sh', ['-c', `printf '{"value":12345678901234567890}\\n{"value":2}\\n' > "$0"`, pipe()]);
  const line = openBlockingLine(descriptor);
  expect(JSON.stringify(line.receive())).toBe('{"value":12345678901234567890}');
  expect(line.receive()).toEqual({ value: 2 });
});

it('sends more than a descriptor takes at a time', async () => {
  const copy = path.join(folder, 'copy');
  const reader = spawn('sh', ['-c', `head -n 1 < "$0" > "$1"`, pipe(), copy]);
  const text = 'ä'.repeat(500_000);
  openBlockingLine(descriptor).send({ text });
  await vi.waitFor(() => expect(reader.exitCode).toBe(0), 20_000);
  expect(JSON.parse(readFileSync(copy, 'utf8'))).toEqual({ text });
});

it('says that nobody is there any more', () => {
  const empty = openSync('/dev/null', 'r');
  expect(() => openBlockingLine(empty).receive()).toThrow('does not answer any more');
  expect(() => openBlockingLine(empty).send({})).toThrow('does not answer any more');
  closeSync(empty);
});
