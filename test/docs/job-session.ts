import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';
import { expect, onTestFinished } from 'vitest';

import { consoleSteps, runSession } from './console-session.ts';
import { root } from './documents.ts';

/** Somebody who follows a page: saves its files, types its commands, and looks whether they print what the page says. */
export interface Reader {
  /** The service of the reader, at its own address. */
  readonly url: string;
  /** Where the service and the reader are. */
  readonly folder: string;
  /** @returns how many files were saved and commands typed */
  follow(markdown: string): Promise<{ readonly files: number; readonly commands: number }>;
  /** Runs commands as the page's are run. @returns what each printed */
  run(commands: readonly string[]): Promise<string[]>;
}

/** What the job files say at this moment. */
export interface Definitions {
  readonly jobs: readonly string[];
  readonly broken: readonly unknown[];
}

/** A machine that builds and tests at once is slow to start a service; what waits for one has this long. */
export const patience = { timeout: 120_000 };

/** @param settle waits until all is as the page supposes at its beginning */
export async function startReading(
  settle: (definitions: () => Promise<Definitions>) => Promise<void>,
): Promise<Reader> {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-reader-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const url = await startService(folder);
  const local = `BATCHY_CFG='${path.join(folder, 'cfg')}' BATCHY_DATA='${path.join(folder, 'data')}'`;
  const prepare = `export BATCHY_URL='${url}' ${local} PATH='${putOnPath(folder)}':"$PATH" NO_COLOR=1; exec 2>&1`;
  const here = (text: string): string => text.replaceAll('http://127.0.0.1:5000', url);
  const run: Reader['run'] = async (commands) => (await runSession([prepare, ...commands.map(here)], folder)).slice(1);
  const definitions = async (): Promise<Definitions> => {
    const { jobs, broken } = (await (await fetch(`${url}/jobs`)).json()) as {
      jobs: { name: string; file: string }[];
      broken: unknown[];
    };
    return { jobs: jobs.map(({ name, file }) => `${name} ${file}`), broken };
  };
  await settle(definitions);

  async function follow(markdown: string): Promise<{ files: number; commands: number }> {
    let files = 0;
    let commands = 0;
    for (const { file, block } of partsOf(markdown)) {
      if (file === null) {
        const steps = consoleSteps(block);
        const outputs = await run(steps.map(({ command }) => command));
        for (const [index, { command, printed }] of steps.entries())
          expect(shown(outputs[index] ?? ''), command).toBe(shown(printed));
        commands += steps.length;
        continue;
      }
      files += 1;
      const before = await definitions();
      writeFileSync(path.join(folder, file), here(block));
      if (file.startsWith('cfg/jobs/')) await expect.poll(definitions, patience).not.toEqual(before);
    }
    return { files, commands };
  }
  return { url, folder, follow, run };
}

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
  let hasEnded = false;
  void service.then(() => (hasEnded = true));
  await expect.poll(() => address() ?? hasEnded, patience).not.toBe(false);
  return address() ?? expect.fail(`the service has ended, and printed only: ${printed}`);
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
  const fence = /(?:as `(cfg\/[\w/.-]+)`:\n\n)?(^```(ts|yaml|sh|console)\n(.*?)^```$)/gms;
  const parts = [...markdown.matchAll(fence)].map(([, file = null, whole = '', language = '', inner = '']) => ({
    file: language === 'console' ? null : (file ?? ''),
    block: language === 'console' ? whole : inner,
  }));
  return parts.filter(({ file }) => file !== '');
}

const shown = (output: string): string =>
  output
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}/g, '<time>')
    .replaceAll(/\b17\d{8}\b/g, '<batch>')
    .replaceAll(/\b\d+(?:\.\d+)? s\b/g, '<duration>')
    // Of a sample's file, which may change.
    .replaceAll(/\b[0-9a-f]{12}\b/g, '<version>')
    .replaceAll(/ +$/gm, '');
