import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';
import { expect, it, onTestFinished } from 'vitest';

import { consoleSteps, runSession } from './console-session.ts';
import { root } from './documents.ts';

const text = readFileSync(path.join(root, 'docs/jobs.md'), 'utf8');

/** A service of its own, as `npm start` runs it, with the samples in a folder that the reader may write to. */
async function startService(folder: string): Promise<string> {
  cpSync(path.join(root, 'cfg'), path.join(folder, 'cfg'), { recursive: true });
  const service = execa(process.execPath, [path.join(root, 'bin/batchy.js'), 'serve'], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      LOG_LEVEL: 'silent',
      BATCHY_CFG: path.join(folder, 'cfg'),
      BATCHY_DATA: path.join(folder, 'data'),
    },
    extendEnv: false,
    reject: false,
  });
  onTestFinished(async () => {
    service.kill('SIGTERM');
    await service;
  });
  let printed = '';
  service.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const address = (): string | undefined => /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
  await expect.poll(address, { timeout: 20_000 }).toBeDefined();
  return address() ?? '';
}

/** `batchy` by its name, as on the PATH of somebody who has it there. */
function putOnPath(folder: string): string {
  mkdirSync(path.join(folder, 'bin'));
  const program = path.join(folder, 'bin', 'batchy');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${path.join(root, 'bin/batchy.js')}' "$@"\n`, {
    mode: 0o755,
  });
  return path.dirname(program);
}

/** The files to save, with their text, and the sessions, in the order of the document. */
function partsOf(markdown: string): { file: string | null; block: string }[] {
  const fence = /(?:as `(cfg\/[\w/.-]+)`:\n\n)?(^```(ts|yaml|console)\n(.*?)^```$)/gms;
  return [...markdown.matchAll(fence)].map(([, file = null, whole = '', language = '', inner = '']) => ({
    file,
    block: language === 'console' ? whole : inner,
  }));
}

const shown = (output: string): string =>
  output
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}/g, '<time>')
    .replaceAll(/\b17\d{8}\b/g, '<batch>')
    .replaceAll(/ +$/gm, '');

it(
  'leads from the first launch to a restart: every command, in order, prints what the page says',
  { timeout: 180_000 },
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-jobs-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const url = await startService(folder);
    const prepare = `export BATCHY_URL='${url}' PATH='${putOnPath(folder)}':"$PATH" NO_COLOR=1; exec 2>&1`;
    const definitions = async (): Promise<unknown> => {
      const { jobs, broken } = (await (await fetch(`${url}/jobs`)).json()) as {
        jobs: { name: string; file: string }[];
        broken: unknown[];
      };
      return { jobs: jobs.map(({ name, file }) => `${name} ${file}`), broken };
    };

    await expect.poll(definitions, { timeout: 20_000 }).toMatchObject({ jobs: { length: 7 }, broken: [] });
    const parts = partsOf(text);
    expect(parts.filter(({ file }) => file !== null)).toHaveLength(3);
    let commands = 0;
    for (const { file, block } of parts) {
      if (file !== null) {
        const before = await definitions();
        writeFileSync(path.join(folder, file), block);
        await expect.poll(definitions, { timeout: 20_000 }).not.toEqual(before);
        continue;
      }
      const steps = consoleSteps(block);
      const run = steps.map(({ command }) => command.replaceAll('http://127.0.0.1:5000', url));
      const [, ...outputs] = await runSession([prepare, ...run], folder);
      for (const [index, { command, printed }] of steps.entries())
        expect(shown(outputs[index] ?? ''), command).toBe(shown(printed));
      commands += steps.length;
    }
    expect(commands).toBeGreaterThan(15);
  },
);
