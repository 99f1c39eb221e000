import { expect, test } from 'vitest';

import { testApp } from './test-app.ts';

const reader = 'read-key-0123456789abcdef';
const other = 'another-key-0123456789abcdef';
const bearer = (secret: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${secret}` },
});

const limited = () =>
  testApp({ settings: { RATE_LIMIT_PER_MINUTE: 3 }, keys: { [reader]: 'read', [other]: 'operate' } });

test('without a setting there is no limit', async () => {
  const app = await testApp({ keys: { [reader]: 'read' } });
  const statuses = await Promise.all(
    Array.from({ length: 50 }, async () => (await app.call('GET', '/index', bearer(reader))).status),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
});

test('a key that asks too often is told when to come back; other keys go on', async () => {
  const app = await limited();
  for (let asked = 0; asked < 3; asked += 1) expect((await app.call('GET', '/index', bearer(reader))).status).toBe(200);
  const refused = await app.call('GET', '/index', bearer(reader));
  expect(refused).toMatchObject({ status: 429, json: { type: '/problems/rate-limited', status: 429 } });
  // The window is a minute, and hardly any of it has gone.
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(10);
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
  expect((await app.call('GET', '/index', bearer(other))).status).toBe(200);
});

test('what does not exist counts like what does', async () => {
  const app = await limited();
  for (let asked = 0; asked < 3; asked += 1)
    expect((await app.call('GET', '/nowhere', bearer(reader))).status).toBe(404);
  expect((await app.call('GET', '/nowhere', bearer(reader))).status).toBe(429);
});

test('whoever guesses keys is limited, though no guess is like another', async () => {
  const app = await limited();
  for (let guess = 0; guess < 3; guess += 1)
    expect((await app.call('GET', '/index', bearer(`guess-${guess}-0123456789abcdef`))).status).toBe(401);
  expect((await app.call('GET', '/index', bearer('one-more-0123456789abcdef'))).status).toBe(429);
  expect((await app.call('GET', '/index')).status).toBe(429);
  expect((await app.call('GET', '/index', bearer(reader))).status).toBe(200);
});

test('health is told however often somebody asks', async () => {
  const app = await limited();
  for (let asked = 0; asked < 10; asked += 1) expect((await app.call('GET', '/health/live')).status).toBe(200);
});
