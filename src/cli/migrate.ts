import { existsSync } from 'node:fs';
import path from 'node:path';

import { embeddedStoreFile } from '../config/embedded-store.ts';
import type { Settings } from '../config/schema.ts';
import { migrateAll, type MovedItems } from '../service/migration.ts';
import type { RegisterCommand } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { readSettings } from './settings.ts';

export const register: RegisterCommand = (program, context) => {
  const { machine, terminal, workingFolder } = context;
  program
    .command('migrate')
    .description(
      'Move everything from one store to another, empty one. A store is redis://… or the BATCHY_DATA folder of an embedded one. Stop the service first.',
    )
    .requiredOption('--from <store>', 'where everything is')
    .requiredOption('--to <store>', 'where everything shall be')
    .option('--json', 'print what was moved as JSON')
    .action(async (flags: { from: string; to: string; json?: boolean }) => {
      const { settings } = await readSettings(context);
      const source = settingsFor(settings, flags.from, workingFolder);
      const target = settingsFor(settings, flags.to, workingFolder);
      if (source.REDIS_URL === target.REDIS_URL && source.BATCHY_DATA === target.BATCHY_DATA) {
        throw new CommandFailure(exits.usage, '--from and --to are the same store.');
      }
      requireStore(source);
      const from = await machine.openStores(source);
      try {
        const to = await machine.openStores(target);
        try {
          const moved = await migrateAll(from.upkeep, to.upkeep, (progress) => terminal.progress(summary(progress)));
          terminal.progress(null);
          terminal.out(flags.json === true ? JSON.stringify(moved) : `moved ${summary(moved)}`);
        } finally {
          await to.upkeep.close();
        }
      } finally {
        await from.upkeep.close();
      }
    });
};

/** The settings as they stand, with another store. The data folder counts only for the embedded one. */
function settingsFor(settings: Settings, store: string, workingFolder: string): Settings {
  if (/^(rediss?|redis\+sentinel|rediss\+sentinel):\/\//.test(store))
    return { ...settings, REDIS_URL: store, BATCHY_DATA: '' };
  if (store.includes('://'))
    throw new CommandFailure(
      exits.usage,
      `${store} is no store: expected redis://…, rediss://…, redis+sentinel://… or a folder.`,
    );
  return { ...settings, REDIS_URL: '', BATCHY_DATA: path.resolve(workingFolder, store) };
}

/** Opening an embedded store makes it: a mistyped folder would be an empty store, and everything in it soon moved. */
function requireStore({ REDIS_URL, BATCHY_DATA }: Settings): void {
  if (REDIS_URL !== '' || existsSync(embeddedStoreFile(BATCHY_DATA))) return;
  throw new CommandFailure(
    exits.usage,
    `There is no store in ${BATCHY_DATA}: it holds no batchy.db. Give --from the BATCHY_DATA folder of the service that you move (batchy config prints it), or redis://…. Nothing was moved or made.`,
  );
}

function summary({ workflow, record, journal, operation, document }: MovedItems): string {
  return `workflows ${workflow}, records ${record}, journal entries ${journal}, operations ${operation}, documents ${document}`;
}
