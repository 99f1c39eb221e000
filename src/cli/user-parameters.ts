import { InvalidArgumentError } from 'commander';

import { type Json, parseJson, stringifyJson } from '../domain/json.ts';

/** Job to the user's parameters, as `--set` collects them. */
export type UserParameters = ReadonlyMap<string, ReadonlyMap<string, Json>>;

/**
 * Adds one `job.parameter=value`. A value that is JSON is taken as such (`123`, `true`, `{"a":1}`), anything else as text.
 * The parameter's name begins after the last dot before `=`, since jobs may be named `a.b`.
 */
export function collectParameter(text: string, before: UserParameters | undefined): UserParameters {
  const [, job = '', name = '', value = ''] = /^([^=]+)\.([^.=]+)=([\s\S]*)$/.exec(text) ?? [];
  if (job === '') throw new InvalidArgumentError('Expected job.parameter=value, for example job1.rows=123.');
  const all = new Map(before);
  all.set(job, new Map([...(all.get(job) ?? []), [name, jsonOrText(value)]]));
  return all;
}

/** The body that close and fail take; `undefined` when there is nothing to tell. */
export function parametersBody(parameters: UserParameters | undefined): string | undefined {
  if (parameters === undefined) return undefined;
  return stringifyJson(Object.fromEntries([...parameters].map(([job, values]) => [job, Object.fromEntries(values)])));
}

/** The parameters of a job, as `--param` collects them. */
export interface ParameterFlags {
  readonly param?: ReadonlyMap<string, Json>;
}

/** Adds one `key=value`; a value that is JSON is taken as such, anything else as text. */
export function collectLaunchParameter(
  text: string,
  before: ReadonlyMap<string, Json> | undefined,
): ReadonlyMap<string, Json> {
  const [, name = '', value = ''] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? [];
  if (name === '') throw new InvalidArgumentError('Expected key=value, for example day=2026-11-21.');
  return new Map([...(before ?? []), [name, jsonOrText(value)]]);
}

/** Text of an option that is JSON is taken as such, anything else as text. */
export function jsonOrText(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
