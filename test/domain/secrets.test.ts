import { expect, it } from 'vitest';

import { secretValues, withoutSecrets } from '../../src/domain/secrets.ts';

it('finds what stands under a secret name, at any depth, whatever it is', () => {
  const values = {
    user: 'me',
    DB_PASSWORD: 'hunter2',
    apiToken: 42n,
    targets: [{ name: 'eu', secret: ['a', { b: 'c' }] }, null],
    secret_of_none: null,
    is_secret: true,
  };
  expect(secretValues(Object.entries(values))).toEqual(['hunter2', '42', 'a', 'c']);
});

it('masks them wherever they stand in a text, the longer ones first, and what an address holds', () => {
  expect(withoutSecrets('key abc, key abcdef', ['abc', 'abcdef', ''])).toBe('key ***, key ***');
  expect(withoutSecrets('at postgres://me:pw@host:5432/db', [])).toBe('at postgres://***@host:5432/db');
  expect(withoutSecrets('mail to me@host', ['x'])).toBe('mail to me@host');
});
