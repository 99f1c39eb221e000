import type { CliContext, RegisterCommand } from './context.ts';
import { type Finding, inspect } from './diagnosis.ts';
import { exits } from './exit-codes.ts';
import { column, printTable } from './table.ts';
import type { Style } from './terminal.ts';

const styles: Readonly<Record<Finding['verdict'], Style>> = { ok: 'green', warn: 'yellow', fail: 'red' };

export const register: RegisterCommand = (program, context) => {
  program
    .command('doctor')
    .description('Check the set-up and say what to mend. Exits with 1 when something fails.')
    .option('--json', 'print the findings as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await inspect(context);
      if (json === true) context.terminal.out(JSON.stringify(findings));
      else await printFindings(context, findings);
      if (findings.some(({ verdict }) => verdict === 'fail')) context.end(exits.failed);
    });
};

async function printFindings({ terminal }: CliContext, findings: readonly Finding[]): Promise<void> {
  const rows = findings.map((finding) => ({ ...finding }));
  const verdict = {
    title: 'verdict',
    cell: (row: { verdict?: unknown }) =>
      terminal.paint(styles[row.verdict as Finding['verdict']], String(row.verdict)),
  };
  await printTable(terminal, [verdict, ...['subject', 'detail'].map(column)], rows);
}
