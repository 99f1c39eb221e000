import { readFileSync } from 'node:fs';
import path from 'node:path';

import { lintParameterFile } from '../domain/parameter-file-lint.ts';
import type { RegisterCommand } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { printable } from './terminal.ts';

export const register: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const infa = program.command('infa').description('Informatica parameter files.');
  infa
    .command('lint')
    .description('Name what PowerCenter would not accept in a parameter file. Exits with 1 when there is something.')
    .argument('<file>')
    .option('--json', 'print the findings as JSON')
    .action((file: string, { json }: { json?: boolean }) => {
      const findings = lintParameterFile(readParameterFile(path.resolve(context.workingFolder, file), file));
      if (json === true) terminal.out(JSON.stringify(findings));
      else for (const { line, problem } of findings) terminal.out(`${file}:${line}: ${printable(problem)}`);
      if (json !== true && findings.length === 0) terminal.err(`${file}: nothing to complain about`);
      if (findings.length > 0) context.end(exits.failed);
    });
};

function readParameterFile(file: string, shownAs: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CommandFailure(exits.usage, `${shownAs} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
