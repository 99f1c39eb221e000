import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { usage } from '../../src/cli/waitsy/options.ts';
import { documentedCommands, exitTable, optionsTable } from './documented.ts';

const text = readFileSync(path.resolve(import.meta.dirname, '../../docs/cli.md'), 'utf8');
const sections = new Map(
  text
    .split(/^(?=#{2,3} )/m)
    .map((section): [string, string] => [/^#+ `?([^`\n]*)`?\n/.exec(section)?.[1] ?? '', section]),
);
const commands = await documentedCommands();

describe('docs/cli.md', () => {
  it('has a section for each command, and for no other', () => {
    const documented = [...sections.keys()].filter((title) => title.startsWith('batchy '));
    expect(documented.sort()).toEqual([...commands.keys()].sort());
  });

  it.each([...commands])('%s: description and every option, as --help has them', (title, command) => {
    const section = sections.get(title) ?? '';
    expect(section).toContain(command.description());
    const table = optionsTable(command);
    expect(section).toContain(table);
    expect(section.match(/^\| `-/gm)?.length ?? 0).toBe(command.options.length);
  });

  it('has the exit codes', () => {
    expect(text).toContain(exitTable());
  });

  it('has the help of waitsy', () => {
    expect(text).toContain(`\`\`\`text\n${usage}\`\`\`\n`);
  });
});
