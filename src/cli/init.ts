import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { RegisterCommand } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { registerInitApp } from './init-app.ts';

export const register: RegisterCommand = async (program, context) => {
  const { terminal, workingFolder } = context;
  const { settingNames, settingsSchema, yamlKey } = await import('../config/schema.ts');
  const init = program
    .command('init')
    .description(
      'Write a batchy.yaml, a sample workflow and a .env.example into a folder. What is there is never overwritten.',
    )
    .argument('[folder]', 'made when it does not exist', '.')
    .action((folder: string) => {
      const settings = settingNames.map((name) => ({
        name,
        yaml: yamlKey(name),
        ...(settingsSchema.properties[name] as SettingSchema),
      }));
      const files: [string, string][] = [
        ['batchy.yaml', settingsFile(settings)],
        ['.env.example', environmentFile(settings)],
        [path.join('cfg', 'sample.yaml'), sampleWorkflow],
      ];
      for (const [name, text] of files) {
        const isNew = writeNew(path.resolve(workingFolder, folder, name), text);
        terminal.err(`${isNew ? 'wrote' : 'kept, since it is there:'} ${path.join(folder, name)}`);
      }
      terminal.out(
        `Next: ${folder === '.' ? '' : `cd ${folder} and `}batchy serve. It loads cfg/sample.yaml into its empty store; then batchy status sample.`,
      );
    });
  registerInitApp(init, context);
};

interface SettingSchema {
  readonly default?: unknown;
  readonly description?: string;
  readonly secret?: boolean;
}

interface Setting extends SettingSchema {
  readonly name: string;
  readonly yaml: string;
}

/** @returns whether it was written; `false` where there is such a file */
function writeNew(file: string, text: string): boolean {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new CommandFailure(exits.failed, `${file} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

/** All settings but secrets, as comments with their defaults: to be uncommented where they are to differ. */
function settingsFile(settings: readonly Setting[]): string {
  const lines = settings
    .filter(({ secret }) => secret !== true)
    .flatMap(({ yaml, default: value, description = '' }) => [
      '',
      `# ${description}`,
      `# ${yaml}: ${value === '' ? "''" : String(value)}`,
    ]);
  return `# Settings of Batchy. The environment and .env go before this file; relative paths begin at its folder.\n${lines.join('\n')}\n`;
}

function environmentFile(settings: readonly Setting[]): string {
  const lines = settings.flatMap(({ name, default: value, description = '', secret }) => [
    '',
    `# ${description}`,
    `#${name}=${secret === true ? '' : String(value)}`,
  ]);
  return `# Copy to .env. An empty variable is unset. Keep .env out of version control: it is where secrets go.\n${lines.join('\n')}\n`;
}

const sampleWorkflow = `# A workflow: each job a map of parameters. Load it with: batchy load sample

customers:
  # The first window begins here; after a success the next one begins where it ended.
  from_date: 2026-01-01T00:00:00
  # Hours that are loaded once more, for rows that were committed late.
  reprocess_hours: 2

daily_totals:
  from_date: 2026-01-01T00:00:00
  # Begin at the first instant of the day, in this zone.
  trunc_start: true
  timezone: Europe/Berlin
  # Your own parameters are carried as they are.
  region: north
`;
