import { createHash, timingSafeEqual } from 'node:crypto';

import { BatchyError } from '../domain/errors.ts';
import { type Instant, parseInstant } from '../domain/time.ts';

export const scopes = ['read', 'operate', 'admin'] as const;
/** Each scope holds the ones before it. */
export type Scope = (typeof scopes)[number];

/** An API key as it is kept: never the secret, only its hash. */
export interface StoredKey {
  /** Shown in lists and in the journal. */
  readonly name: string;
  readonly scope: Scope;
  /** SHA-256 of the secret, base64url. Secrets are 256 random bits, so a plain hash cannot be guessed back. */
  readonly hash: string;
  /** While a key is rotated, the old secret's hash works until this instant (ISO, UTC). */
  readonly previous: { readonly hash: string; readonly until: string } | null;
  readonly createdAt: string;
}

/** Who a request comes from. */
export interface Principal {
  readonly name: string;
  readonly scope: Scope;
}

export function allows(granted: Scope, needed: Scope): boolean {
  return scopes.indexOf(granted) >= scopes.indexOf(needed);
}

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/**
 * The key that a secret opens, or `null`. Every stored hash is compared, each in constant time, so that the answer's time
 * tells nothing.
 * @param now for keys that were rotated
 */
export function findKey(keys: readonly StoredKey[], secret: string, now: Instant): Principal | null {
  const given = Buffer.from(hashSecret(secret));
  let found: Principal | null = null;
  for (const key of keys) {
    const current = equal(given, key.hash);
    const previous =
      key.previous !== null && equal(given, key.previous.hash) && now < (parseInstant(key.previous.until) ?? 0n);
    if (current || previous) found = { name: key.name, scope: key.scope };
  }
  return found;
}

function equal(given: Buffer, hash: string): boolean {
  const expected = Buffer.from(hash);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$/;

/** @throws BatchyError `invalid-request` when the name is taken or malformed */
export function addKey(
  keys: readonly StoredKey[],
  name: string,
  scope: Scope,
  secret: string,
  now: string,
): StoredKey[] {
  if (!namePattern.test(name))
    throw new BatchyError(
      'invalid-request',
      `${JSON.stringify(name)} is no key name: use 1 to 64 letters, digits, '_', '.', '@' or '-'.`,
    );
  if (keys.some((key) => key.name === name))
    throw new BatchyError(
      'invalid-request',
      `There is a key ${name} already; rotate or revoke it, or choose another name.`,
    );
  return [...keys, { name, scope, hash: hashSecret(secret), previous: null, createdAt: now }];
}

/** The new secret counts at once; the old one until `previousUntil`. @throws BatchyError `not-found` */
export function rotateKey(
  keys: readonly StoredKey[],
  name: string,
  secret: string,
  previousUntil: string,
): StoredKey[] {
  requireKey(keys, name);
  return keys.map((key) =>
    key.name === name ? { ...key, hash: hashSecret(secret), previous: { hash: key.hash, until: previousUntil } } : key,
  );
}

/** @throws BatchyError `not-found` */
export function revokeKey(keys: readonly StoredKey[], name: string): StoredKey[] {
  requireKey(keys, name);
  return keys.filter((key) => key.name !== name);
}

function requireKey(keys: readonly StoredKey[], name: string): void {
  if (!keys.some((key) => key.name === name))
    throw new BatchyError(
      'not-found',
      `There is no key ${JSON.stringify(name)}. batchy keys list shows those that exist.`,
    );
}
