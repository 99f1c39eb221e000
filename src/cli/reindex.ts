import { reindex, type ReindexReport } from '../service/reindex.ts';
import type { RegisterCommand } from './context.ts';
import { exits } from './exit-codes.ts';
import { readSettings } from './settings.ts';
import { printable } from './terminal.ts';

export const register: RegisterCommand = (program, context) => {
  const { machine, terminal } = context;
  program
    .command('reindex')
    .description(
      'Take the workflows and batches that another program wrote into the index. Exits with 1 when some could not be taken.',
    )
    .option('--json', 'print the report as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { settings } = await readSettings(context);
      const stores = await machine.openStores(settings);
      try {
        const { commands, workflows } = await machine.createServices(stores, settings);
        const report = await reindex({
          upkeep: stores.upkeep,
          reader: stores.reader,
          commands,
          workflows,
          onProgress: (sofar) => terminal.progress(summary(sofar)),
        });
        terminal.progress(null);
        if (json === true) terminal.out(JSON.stringify(report));
        else {
          terminal.out(summary(report));
          for (const { key, why } of report.skipped) terminal.err(`${printable(key)}: ${printable(why)}`);
        }
        if (report.skipped.length > 0) context.end(exits.failed);
      } finally {
        await stores.upkeep.close();
      }
    });
};

function summary({ workflows, batches, skipped }: ReindexReport): string {
  return `workflows ${workflows}, batches ${batches}, left alone ${skipped.length}`;
}
