import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import { consoleSteps, createComparison, runSession } from './console-session.ts';

const root = path.resolve(import.meta.dirname, '../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

/** The service as `npm start` serves it, samples and all, on a free port. */
async function startService(folder: string): Promise<string> {
  const { settings } = loadSettings({
    folder,
    environment: { PORT: '0', BATCHY_CFG: path.join(root, 'cfg'), LOG_LEVEL: 'silent' },
  });
  const app = await createApp(settings);
  onTestFinished(() => app.stop());
  return app.start();
}

it('leads from load to close: every command of the README, in order, answers what it prints', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const url = await startService(folder);
  const steps = consoleSteps(readme);
  expect(steps.filter(({ command }) => command.includes('curl')).length).toBeGreaterThan(6);

  const commands = steps.map(({ command }) => command.replaceAll('http://127.0.0.1:5000', url));
  const answers = await runSession(commands, folder);

  const comparison = createComparison({ times: /2026-11-22T[\d:.]{15}/, ids: /17953\d{5}/ });
  for (const [index, { command, printed }] of steps.entries()) {
    const compared = comparison.inTermsOf(printed, answers[index] ?? '');
    expect(compared.actual, command).toEqual(compared.printed);
  }
});

it('writes no curl that is not run', () => {
  const inConsole = consoleSteps(readme).filter(({ command }) => command.includes('curl ')).length;
  expect(readme.match(/\bcurl -/g)).toHaveLength(inConsole);
});
