import { expect, it } from 'vitest';

import { libraryWarnings } from '../../../src/adapters/sqlite/warnings.ts';

it.each(['3.51.3', '3.51.10', '3.53.0', '4.0.0', process.versions['sqlite']])('SQLite %s is sound', (version) => {
  expect(libraryWarnings(version)).toEqual([]);
});

it.each(['3.51.2', '3.50.4', '3.9.0', '2.99.99', '3.51', '', undefined])('of SQLite %s is warned', (version) => {
  expect(libraryWarnings(version)).toEqual([expect.stringContaining('older than 3.51.3')]);
});
