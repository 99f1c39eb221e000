import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { Command } from 'commander';

import type { CliContext } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';

const ending = '.txt';

/** `batchy init app`: an application of three tasks that runs as it is. */
export function registerInitApp(init: Command, { terminal, workingFolder }: CliContext): void {
  init
    .command('app')
    .description('Write a task list that runs at once, with a worker in TypeScript and one in Python.')
    .argument('[folder]', 'made when it does not exist', '.')
    .action((folder: string) => {
      const whole = (name: string): string => path.resolve(workingFolder, folder, name);
      const skeleton = readSkeleton();
      const taken = [...skeleton.keys()].filter((name) => existsSync(whole(name)));
      if (taken.length > 0)
        throw new CommandFailure(
          exits.conflict,
          `${path.resolve(workingFolder, folder)} has ${taken.join(', ')} already. Nothing was written: name a new folder.`,
        );
      for (const [name, text] of skeleton) {
        writeNew(whole(name), text);
        terminal.err(`wrote ${path.join(folder, name)}`);
      }
      terminal.out(`Next: batchy run ${path.join(folder, 'config/app.lst')}`);
    });
}

function writeNew(file: string, text: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  } catch (cause) {
    throw new CommandFailure(exits.failed, `${file} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

/** The files of the skeleton by their names. They lie beside this one as texts, so that nothing takes them for the project's own. */
function readSkeleton(): ReadonlyMap<string, string> {
  const from = path.join(import.meta.dirname, 'app-skeleton');
  const names = readdirSync(from, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending));
  return new Map(
    names.toSorted().map((name) => [name.slice(0, -ending.length), readFileSync(path.join(from, name), 'utf8')]),
  );
}
