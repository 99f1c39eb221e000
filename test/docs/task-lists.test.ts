import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { readAppProfile } from '../../src/dialects/app-profile.ts';
import { taskFields } from '../../src/dialects/task-fields.ts';
import { readTaskList } from '../../src/dialects/task-list.ts';
import { blocksOf, root } from './documents.ts';

const text = readFileSync(path.join(root, 'docs/task-lists.md'), 'utf8');
const environment = { APP_LOG_DIR: '/logs', HOME: '/home/me' };
const only = (language: string): string => {
  const blocks = blocksOf(text, language);
  expect(blocks).toHaveLength(1);
  return blocks[0] ?? '';
};

it('has one list in two forms', () => {
  const lines = readTaskList(only('lst'), { format: 'lst', environment });
  const json = readTaskList(only('json'), { format: 'json', environment });
  expect(lines.tasks).toHaveLength(4);
  expect(json.tasks).toEqual(lines.tasks);
  expect(lines.tasks[1]?.run).toEqual({ kind: 'shell', command: 'sort -u in.csv | wc -l > count' });
});

it('shows what is told of a list that is wrong', () => {
  const refused = (): unknown => readTaskList(only('lst-wrong'), { format: 'lst', environment, fileName: 'app.lst' });
  expect(refused).toThrow(only('text').trim());
});

it('names all keys of a task, and the columns as a list is told that lacks some', () => {
  const [, table = ''] = /^\| key \|.*\n\|.*\n((?:\|.*\n)+)/m.exec(text) ?? [];
  const keys = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = '']) => cell.match(/\w+/g) ?? []);
  expect(keys.sort()).toEqual([...taskFields].sort());
  const rows = [...text.matchAll(/^\| (`#.*`) \| (.*) \|$/gm)];
  const dialects = rows.flatMap(([, first = '', columns = '']) =>
    (first.match(/#\w+/g) ?? []).map((dialect) => ({
      dialect,
      columns: columns.replaceAll('`', '').replaceAll(', ', '|'),
    })),
  );
  expect(dialects.map(({ dialect }) => dialect)).toEqual(['#SHELL', '#PYTHON', '#NODE']);
  for (const { dialect, columns } of dialects)
    expect(() => readTaskList(`${dialect}\n1`, { format: 'lst', environment })).toThrow(`expected: ${columns};`);
});

it('has a profile that is read as it says', () => {
  expect(Object.fromEntries(readAppProfile(only('sh'), environment))).toEqual({
    APP_NAME: 'shop',
    APP_DATA_DIR: '/home/me/data',
    APP_LOG_DIR: '/home/me/data/logs of shop',
    APP_CURRENCY: '$',
  });
  const spans = ['$(cd $(dirname ${BASH_SOURCE})/..; pwd)', '$(date +"%Y-%m-%d")'];
  for (const [index, command] of spans.entries()) {
    expect(text).toContain(`\`${command}\``);
    const value = readAppProfile(`A=${command}`, {}, { rootFolder: '/app', now: Date.UTC(2026, 10, 22, 12) }).get('A');
    expect(value).toMatch(index === 0 ? /^\/app$/ : /^2026-11-2[123]$/);
  }
  const folder = 'if [ ! -e ${APP_LOG_DIR} ]; then mkdir -p ${APP_LOG_DIR}; fi';
  expect(text).toContain(`\`${folder}\``);
  expect(readAppProfile(folder, {}).size).toBe(0);
});
