import { existsSync, readFileSync } from 'node:fs';
import { isIP, isIPv4 } from 'node:net';
import { dirname, resolve } from 'node:path';
import { parseEnv } from 'node:util';

import { load as parseYaml } from 'js-yaml';
import { Value } from 'typebox/value';

import { capabilityProblem } from '../domain/capability.ts';
import { queueNameProblem } from '../domain/queue-name.ts';
import { BatchyError } from '../domain/errors.ts';
import { parseInstant } from '../domain/time.ts';
import { type SettingName, settingNames, type Settings, settingsSchema, yamlKey } from './schema.ts';

export interface ConfigSources {
  /** The folder beside which `batchy.yaml` and `.env` lie; relative paths are resolved against it. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Flags of the command line, by setting name. */
  readonly flags?: Readonly<Partial<Record<SettingName, unknown>>>;
}

/** Where a setting's value came from: told by `batchy config`. */
export type SettingSource = 'default' | 'file' | '.env' | 'environment' | 'flag';

export interface LoadedSettings {
  readonly settings: Settings;
  readonly sources: Readonly<Record<SettingName, SettingSource>>;
}

/**
 * Defaults < `batchy.yaml` (or the file that BATCHY_CONFIG names) < `.env` < environment < flags. An empty variable is unset.
 * @throws BatchyError `invalid-setting` naming key, expected and got
 */
export function loadSettings({ folder, environment, flags = {} }: ConfigSources): LoadedSettings {
  const dotEnv = readDotEnv(resolve(folder, '.env'));
  const fromEnvironment = (name: string): string | undefined => nonEmpty(environment[name]) ?? nonEmpty(dotEnv[name]);
  const named = fromEnvironment('BATCHY_CONFIG');
  const fromFile = readConfigFile(resolve(folder, named ?? 'batchy.yaml'), named !== undefined);
  const values: Record<string, unknown> = {};
  const sources = {} as Record<SettingName, SettingSource>;
  for (const name of settingNames) {
    const candidates: [SettingSource, unknown][] = [
      ['flag', flags[name]],
      ['environment', nonEmpty(environment[name])],
      ['.env', nonEmpty(dotEnv[name])],
      ['file', fromFile[yamlKey(name)]],
    ];
    const [source, value] = candidates.find(([, candidate]) => candidate !== undefined) ?? [
      'default',
      (settingsSchema.properties[name] as { default?: unknown }).default,
    ];
    sources[name] = source;
    values[name] = readSetting(name, value, source);
  }
  const settings = values as Settings;
  checkMeaning(settings);
  return {
    settings: {
      ...settings,
      BATCHY_DATA: resolve(folder, settings.BATCHY_DATA),
      BATCHY_CFG: resolve(folder, settings.BATCHY_CFG),
      API_KEYS_FILE: resolve(folder, settings.API_KEYS_FILE || `${settings.BATCHY_DATA}/keys.json`),
    },
    sources,
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

function readDotEnv(file: string): Record<string, string | undefined> {
  return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
}

function readConfigFile(file: string, named: boolean): Record<string, unknown> {
  if (!existsSync(file)) {
    if (named) throw new BatchyError('invalid-setting', `BATCHY_CONFIG names ${file}, which does not exist.`);
    return {};
  }
  let content: unknown;
  const text = readFileSync(file, 'utf8');
  try {
    content = hasOnlyComments(text) ? {} : (parseYaml(text) ?? {});
  } catch (cause) {
    throw new BatchyError('invalid-setting', `${file} is no valid YAML: ${(cause as Error).message}`, { cause });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new BatchyError('invalid-setting', `${file}: expected a map of settings.`);
  const known = new Set(settingNames.map(yamlKey));
  const unknown = Object.keys(content).filter((key) => !known.has(key));
  if (unknown.length > 0)
    throw new BatchyError(
      'invalid-setting',
      `${file}: unknown setting ${unknown.join(', ')}. batchy config --help lists all of them.`,
    );
  return content as Record<string, unknown>;
}

/** The parser takes a file without any value for a mistake; a file whose settings are all commented out is none. */
function hasOnlyComments(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(#|$)/.test(line));
}

/** Text (from the environment or a flag) becomes the setting's type; anything else must have it already. */
function readSetting(name: SettingName, value: unknown, source: SettingSource): unknown {
  const schema = settingsSchema.properties[name];
  // The file has types of its own; the environment and flags have only text.
  const converted = typeof value === 'string' && source !== 'file' ? fromText(schema, value) : value;
  if (Value.Check(schema, converted)) return converted;
  const got = 'secret' in schema ? 'a value that does not fit' : JSON.stringify(value);
  throw new BatchyError(
    'invalid-setting',
    `${name} (from ${source}): expected ${expectation(schema, source)}, got ${got}.`,
    {
      facts: { setting: name },
    },
  );
}

function fromText(schema: object, text: string): unknown {
  const type = (schema as { type?: string }).type;
  if (type === 'boolean')
    return (
      { '1': true, true: true, yes: true, on: true, '0': false, false: false, no: false, off: false }[
        text.toLowerCase()
      ] ?? text
    );
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  return text;
}

function expectation(schema: object, source: SettingSource): string {
  const { type, minimum, maximum, exclusiveMinimum, anyOf } = schema as {
    type?: string;
    minimum?: number;
    maximum?: number;
    exclusiveMinimum?: number;
    anyOf?: { const: string }[];
  };
  if (anyOf !== undefined) return `one of ${anyOf.map((option) => option.const).join(', ')}`;
  if (type === 'boolean') return source === 'file' ? 'true or false' : '1, true, yes, on or 0, false, no, off';
  const bounds = [
    minimum === undefined ? '' : `at least ${minimum}`,
    exclusiveMinimum === undefined ? '' : `more than ${exclusiveMinimum}`,
    maximum === undefined ? '' : `at most ${maximum}`,
  ].filter(Boolean);
  const noun = type === 'integer' ? 'a whole number' : type === 'number' ? 'a number' : 'text';
  return bounds.length === 0 ? noun : `${noun}, ${bounds.join(' and ')}`;
}

function checkMeaning(settings: Settings): void {
  const refuse = (name: SettingName, expected: string, got: string): never => {
    throw new BatchyError('invalid-setting', `${name}: expected ${expected}, got ${got}.`, {
      facts: { setting: name },
    });
  };
  if (parseInstant(settings.BATCHY_INITIAL_DATE) === null)
    refuse('BATCHY_INITIAL_DATE', 'a time such as 1776-07-04T23:59:00', JSON.stringify(settings.BATCHY_INITIAL_DATE));
  for (const network of trustedNetworks(settings)) {
    const [address = '', prefix = ''] = network.split('/');
    const family = isIP(address);
    if (family === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128))
      refuse('TRUSTED_NETWORKS', 'networks such as 10.0.0.0/8,fd00::/8', JSON.stringify(network));
  }
  for (const name of capabilityNames(settings))
    if (capabilityProblem(name) !== null)
      refuse('CAPABILITIES', 'names of letters, digits, _, . and -, such as gpu,is_x86_64', JSON.stringify(name));
  for (const name of queueNames(settings))
    if (queueNameProblem(name) !== null)
      refuse('QUEUES', 'names of up to 60 letters, digits, _, . and -, such as etl,reports', JSON.stringify(name));
  // Whoever names none by mistake would run those of all.
  if (settings.QUEUES.trim() !== '' && queueNames(settings).length === 0)
    refuse(
      'QUEUES',
      'at least one name between the commas, or nothing at all for all queues',
      JSON.stringify(settings.QUEUES),
    );
  if (settings.REDIS_URL !== '' && !/^(rediss?|redis\+sentinel|rediss\+sentinel):\/\//.test(settings.REDIS_URL))
    refuse('REDIS_URL', 'a URL that begins with redis://, rediss:// or redis+sentinel://', 'another scheme');
  if (settings.BATCHY_ADMIN_KEY !== '' && settings.BATCHY_ADMIN_KEY.length < 16)
    refuse('BATCHY_ADMIN_KEY', 'at least 16 characters', `${settings.BATCHY_ADMIN_KEY.length}`);
}

export function trustedNetworks({ TRUSTED_NETWORKS }: Pick<Settings, 'TRUSTED_NETWORKS'>): string[] {
  return listed(TRUSTED_NETWORKS);
}

export function capabilityNames({ CAPABILITIES }: Pick<Settings, 'CAPABILITIES'>): string[] {
  return listed(CAPABILITIES);
}

/** None: all that its jobs wait in. */
export function queueNames({ QUEUES }: Pick<Settings, 'QUEUES'>): string[] {
  return listed(QUEUES);
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Whether only this machine can reach what listens there. A name other than `localhost` may stand for any address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** The folder of the project: where package.json lies. */
export const projectFolder = dirname(dirname(import.meta.dirname));
