/** What is shown in place of a secret. */
export const mask = '***';

/** Names whose values are secrets; documented in the answers' schemas. */
const secretName = /password|secret|token/i;

export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** The texts and numbers under secret names, at any depth. Values are those of JSON, and what steps get of them. */
export function secretValues(values: Iterable<readonly [string, unknown]>): string[] {
  return [...values].flatMap(([name, value]) => (isSecretName(name) ? textsIn(value) : secretsWithin(value)));
}

function secretsWithin(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(secretsWithin);
  return typeof value === 'object' && value !== null ? secretValues(Object.entries(value)) : [];
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'object') return value === null ? [] : Object.values(value).flatMap(textsIn);
  if (typeof value === 'string') return [value];
  return typeof value === 'number' || typeof value === 'bigint' ? [String(value)] : [];
}

/** User and password in an address. */
const credentials = /(\w:\/\/)[^\s/@]+@/g;

/** A text in which these secrets, and those in addresses, cannot be read. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const longestFirst = secrets.filter((secret) => secret !== '').sort((one, other) => other.length - one.length);
  const masked = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, mask), text);
  return masked.replaceAll(credentials, `$1${mask}@`);
}
