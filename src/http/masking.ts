import { isJsonObject, type Json } from '../domain/json.ts';
import { isSecretName, mask } from '../domain/secrets.ts';
import type { Parameters } from '../domain/special-parameters.ts';

/** A job's map as the newer read answers show it: values of names like `*password*`, `*secret*`, `*token*` are masked, at any depth. */
export function maskSecrets(parameters: Parameters): Record<string, Json> {
  return Object.fromEntries([...parameters].map(([name, value]) => [name, maskNamed(name, value)]));
}

function maskNamed(name: string, value: Json): Json {
  return isSecretName(name) ? mask : maskWithin(value);
}

function maskWithin(value: Json): Json {
  if (Array.isArray(value)) return value.map(maskWithin);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, maskNamed(name, inner)]));
}
