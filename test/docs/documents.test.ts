import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { drawnRegions, drawRegion, openApiDocument } from '../../scripts/draw-docs.ts';
import { keys } from '../../src/adapters/redis/keys.ts';
import { usage as waitsyUsage } from '../../src/cli/waitsy/options.ts';
import { settingNames } from '../../src/config/schema.ts';
import { recordKinds } from '../../src/domain/change.ts';
import { isSpecial } from '../../src/domain/special-parameters.ts';
import { statuses } from '../../src/domain/transitions.ts';
import { documentedCommands } from '../cli/documented.ts';
import { testApp } from '../http/test-app.ts';
import { anchorsOf, codeOf, documents, relativeLinks, resolveLink, root } from './documents.ts';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const allCode = [...documents].flatMap(([file, text]) => codeOf(text).map((code) => ({ file, code })));

describe('what is drawn from the code', () => {
  it.each(drawnRegions)('$file: $region (npx node scripts/draw-docs.ts draws it anew)', async (drawn) => {
    const { found, expected } = await drawRegion(drawn);
    expect(found).toBe(expected);
  });
});

describe('links', () => {
  it('resolve, to a file and to a heading in it', () => {
    const links = relativeLinks();
    expect(links.length).toBeGreaterThan(50);
    const broken = links.filter((link) => {
      const { file, anchor } = resolveLink(link);
      return !existsSync(path.join(root, file)) || (anchor !== '' && !anchorsOf(read(file)).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  it('lead to every document from the README or the list of documents', () => {
    const linked = relativeLinks()
      .filter(({ from }) => ['README.md', 'docs/README.md'].includes(from))
      .map((link) => resolveLink(link).file);
    const unlinked = [...documents.keys()].filter((file) => file !== 'README.md' && !linked.includes(file));
    expect(unlinked).toEqual([]);
  });
});

describe('commands', () => {
  const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;

  it.each(
    uses(/\bnpm (?:run )?([a-z][\w:-]*)/g).filter(({ found }) => !['ci', 'install', 'i', 'link'].includes(found)),
  )('$file: npm $found is a script', ({ found }) => {
    expect(Object.keys(scripts)).toContain(found);
  });

  it.each(uses(/\bnode (scripts\/[\w./-]+)|(?:^|\s)\.\/(bin\/[\w./-]+)/g))('$file: $found is there', ({ found }) => {
    expect(existsSync(path.join(root, found))).toBe(true);
  });

  it('of batchy are known, options and all', async () => {
    const commands = new Map(
      [...(await documentedCommands())].map(([usage, command]) => [usage.replaceAll(/ [<[].*/g, ''), command]),
    );
    const found = allCode.flatMap(({ file, code }) =>
      [...code.matchAll(/(?:^|[\s(;&])(?:npx )?batchy ([a-z][^;&|)]*)/g)].map(([, line = '']) => ({ file, line })),
    );
    expect(found.length).toBeGreaterThan(20);
    for (const { file, line } of found) expect(unknownIn(line, commands), `${file}: batchy ${line}`).toEqual([]);
  });

  it('of waitsy have known options', () => {
    const options = uses(/\bwaitsy (?:[^;&|]* )?(--?[a-z][a-z-]*)/g);
    expect(options.length).toBeGreaterThan(2);
    for (const { file, found } of options) expect(waitsyUsage, file).toMatch(new RegExp(`(^|[ ,])${found}[ ,]`, 'm'));
  });
});

describe('what the documents name', () => {
  it('are settings that exist', () => {
    // Of the command line, of the recipes, of the tests; and words that only look like a setting.
    const others = [
      'BATCHY_CONFIG',
      'BATCHY_URL',
      'BATCHY_KEY',
      'BATCHY_RETRIES',
      'NO_COLOR',
      'BUILD_TAG',
      'ORACLE_HOME',
      'TWO_TASK',
      'CHANGED_AT',
      'TO_DATE',
      // Variables that jobs are given, or name; those of PyRunner's applications begin with APP_.
      'BATCHY_EXECUTION_ID',
      'BATCHY_FENCE',
      'DATABASE_URL',
      'BASH_SOURCE',
      // Columns of task lists.
      'PARENT_IDS',
      'MAX_ATTEMPTS',
      'RETRY_WAIT_TIME',
      'PROCESS_NAME',
      'SHELL_COMMAND',
      'MODULE_NAME',
      'WORKER_NAME',
      // A state of a flow's task.
      'REVERT_FAILURE',
    ];
    const named = new Set(
      allCode.flatMap(({ code }) => [...code.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([name]) => name)),
    );
    const unknown = [...named].filter(
      (name) => !(settingNames as string[]).includes(name) && !others.includes(name) && !name.startsWith('APP_'),
    );
    // Placeholders in usages, and a flag of Informatica's own.
    expect(
      unknown.filter((name) => !['OUTPUT_FOLDER', 'BATCH_ID', 'USE_SECTIONS', 'DAILY_BALANCE'].includes(name)),
    ).toEqual([]);
  });

  it('are routes that exist', async () => {
    const routes = Object.keys((await openApiDocument()).paths).map(
      (route) => new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    );
    const named = allCode.flatMap(({ file, code }) =>
      [
        ...code.matchAll(
          /(?:^|[\s"'L\d])(\/(?:workflows|jobs|executions|instances|load_cfg|get_status|open_batch|close_batch|fail_batch|health|events|metrics|index|problems|openapi\.json)\b[\w/:.$<>-]*)/g,
        ),
      ].map(([, route = '']) => ({ file, route })),
    );
    expect(named.length).toBeGreaterThan(30);
    for (const { file, route } of named)
      expect(
        routes.some((known) => known.test(route)),
        `${file}: ${route}`,
      ).toBe(true);
  });

  it('are metrics that are there to be scraped', async () => {
    const app = await testApp();
    const { text } = await app.call('GET', '/metrics');
    const named = uses(/\b(batchy_[a-z_]+)/g)
      .map(({ found }) => found)
      // Tables that a writer makes.
      .filter((name) => !['batchy_chunks', 'batchy_fences'].includes(name));
    expect(named.length).toBeGreaterThan(4);
    for (const name of named) expect(text).toContain(`# TYPE ${name} `);
  });

  it('are the special parameters, all and no others', () => {
    const everySwitch = new Map([
      ['emit_to_date', true],
      ['trunc_start', true],
    ]);
    const [, section = ''] = read('docs/data-model.md').split(/^## /m).slice(0, 2);
    const listed = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name);
    expect(listed.filter((name) => !isSpecial(name, everySwitch))).toEqual([]);
    const mentioned = new Set(allCode.flatMap(({ code }) => code.match(/\b[a-z]+(?:_[a-z]+)*\b/g) ?? []));
    expect([...mentioned].filter((name) => isSpecial(name, everySwitch)).sort()).toEqual(listed.sort());
  });

  it('are the keys in Redis, every family of them', () => {
    const documented = [...read('docs/data-model.md').matchAll(/`(batchy:[^`]+)`/g)].map(
      ([, key = '']) => new RegExp(`^${key.replaceAll(/<\w+>/g, '[^:]+').replaceAll('…', '.*')}$`),
    );
    const used = Object.values(keys).flatMap((key): string[] => {
      if (typeof key === 'string') return [key];
      const make = key as (one: string, other: string) => string;
      // What the first part may be, where it is not a workflow's name.
      return make === (keys.records as unknown) ? recordKinds.map((kind) => make(kind, 'wf1')) : [make('wf1', 'job1')];
    });
    const families = used.map((key) => key.replace('workflows:named:wf1', `workflows:named:${statuses[0]}`));
    expect(families.filter((key) => !documented.some((pattern) => pattern.test(key)))).toEqual([]);
  });

  it('are terms of the glossary: one entry a term, in order, and each in use', () => {
    const terms = [...read('docs/glossary.md').matchAll(/^\*\*([^*]+)\*\*:/gm)].map(([, term = '']) => term);
    expect(terms).toEqual(
      [...new Set(terms)].toSorted((one, other) => sortKey(one).localeCompare(sortKey(other), 'en')),
    );
    const elsewhere = [...documents].filter(([file]) => file !== 'docs/glossary.md').map(([, text]) => text);
    const everything = elsewhere.join('\n').toLowerCase();
    expect(terms.filter((term) => !everything.includes(term.toLowerCase()))).toEqual([]);
  });
});

/** `batch_id` stands behind `batch`, whatever the sign between words. */
function sortKey(term: string): string {
  return term.toLowerCase().replaceAll(/[_-]/g, ' ');
}

/** What a pattern's group finds in the code of all documents, each once a document. */
function uses(pattern: RegExp): { file: string; found: string }[] {
  const found = allCode.flatMap(({ file, code }) =>
    [...code.matchAll(pattern)].map((match) => `${file}\n${match.slice(1).find((group) => group !== undefined) ?? ''}`),
  );
  return [...new Set(found)].map((line) => {
    const [file = '', text = ''] = line.split('\n');
    return { file, found: text };
  });
}

/** What in a command line (behind `batchy`) no command knows: the command itself, or options of it. */
function unknownIn(line: string, commands: ReadonlyMap<string, Command>): string[] {
  const words = line.trim().split(/\s+/);
  const name = [2, 1].map((count) => `batchy ${words.slice(0, count).join(' ')}`).find((each) => commands.has(each));
  const command = name === undefined ? undefined : commands.get(name);
  if (command === undefined) {
    const isGroup = [...commands.keys()].some((each) => each.startsWith(`batchy ${words[0]} `));
    return isGroup && words.slice(1).every((word) => word === '--help') ? [] : [words.slice(0, 2).join(' ')];
  }
  // It takes what the flow takes.
  if (command.name() === 'post') return [];
  const known = ['--help', ...command.options.flatMap(({ long }) => (long == null ? [] : [long]))];
  return words.filter((word) => word.startsWith('--')).filter((word) => !known.includes(word));
}
