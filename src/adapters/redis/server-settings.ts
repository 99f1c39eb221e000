import { BatchyError } from '../../domain/errors.ts';
import type { RedisConnection } from './connection.ts';
import { isReply } from './server-errors.ts';

/** What a server says of itself, as far as it matters to us; `null`: it does not say, as managed ones may not. */
export interface ServerSettings {
  readonly version: string | null;
  readonly isCluster: boolean | null;
  /** `noeviction` keeps everything. */
  readonly evictionPolicy: string | null;
  readonly hasAppendOnlyFile: boolean | null;
  /** In bytes, as it is counted against its `maxmemory`; `null` where it has no limit, or does not say. */
  readonly memory: { readonly used: number; readonly limit: number } | null;
}

/**
 * The driver goes on with database 0 where it could not select the one that the address names: our state would go to, and
 * be read from, a place that nobody named. To select it once more asks for no right that the driver does not need itself.
 * @throws BatchyError `invalid-setting`, `store-unavailable`
 */
export async function refuseOtherDatabase(connection: RedisConnection): Promise<void> {
  await connection.call(async (redis) => {
    const asked = redis.options.db ?? 0;
    // Every connection begins there.
    if (asked === 0) return;
    try {
      await redis.call('SELECT', asked);
    } catch (error) {
      if (!isReply(error) || !/^(ERR|NOPERM) /.test(error.message)) throw error;
      throw refused(
        `does not let us use database ${asked} (${error.message})`,
        'Name one that it has, or raise its setting databases, or allow SELECT',
      );
    }
  });
}

/**
 * Reads INFO, which managed servers allow where they forbid CONFIG. Where that is forbidden, too, nothing is known: a reason to
 * warn, none to do without the server. @throws BatchyError `store-unavailable`
 */
export async function readServerSettings(connection: RedisConnection): Promise<ServerSettings> {
  const text = await connection.call((redis) => redis.info().catch(nothingWhereForbidden));
  const facts = new Map(
    text
      .split('\r\n')
      .flatMap((line): [string, string][] =>
        line.includes(':') ? [[line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]] : [],
      ),
  );
  const flag = (name: string): boolean | null => {
    const value = facts.get(name);
    return value === undefined ? null : value === '1';
  };
  return {
    version: facts.get('redis_version') ?? null,
    isCluster: flag('cluster_enabled'),
    evictionPolicy: facts.get('maxmemory_policy') ?? null,
    hasAppendOnlyFile: flag('aof_enabled'),
    memory: limitedMemory(facts),
  };
}

function nothingWhereForbidden(error: unknown): string {
  if (isReply(error) && error.message.startsWith('NOPERM ')) return '';
  throw error;
}

function limitedMemory(facts: ReadonlyMap<string, string>): ServerSettings['memory'] {
  const [used, uncounted, limit] = ['used_memory', 'mem_not_counted_for_evict', 'maxmemory'].map((name) =>
    Number(facts.get(name) ?? 0),
  ) as [number, number, number];
  return limit > 0 && used > 0 ? { used: used - uncounted, limit } : null;
}

const oldestMajor = 7;
const oldestMinor = 0;

/** @throws BatchyError `invalid-setting` for a server on which we would lose or tear data */
export function refuseUnfit(settings: ServerSettings, allowEviction: boolean): void {
  const { version } = settings;
  if (version !== null && isTooOld(version))
    throw refused(`is of version ${version}`, `Use Redis ${oldestMajor}.${oldestMinor} or later`);
  if (settings.isCluster)
    throw refused(
      'is a Cluster, where one commit would touch keys of several slots',
      'Use a single Redis, replicated or behind Sentinel',
    );
  if (!allowEviction && mayEvict(settings)) {
    throw refused(
      `evicts data when its memory is full (maxmemory-policy ${settings.evictionPolicy}): watermarks would be lost without a word`,
      'Set maxmemory-policy noeviction, or ALLOW_EVICTION=1 if you accept that',
    );
  }
}

/** Of its limit, from which on memory is nearly full: early enough to do something. */
const nearlyFull = 0.9;
const mebibyte = 1024 * 1024;

/** Where it evicts nothing: there what is full is refused, and Redis does not say so before. */
function memoryWarnings({ memory }: ServerSettings): string[] {
  if (memory === null || memory.used < nearlyFull * memory.limit) return [];
  const share = `${(memory.used / mebibyte).toFixed(1)} of ${(memory.limit / mebibyte).toFixed(1)} MiB (maxmemory)`;
  const remedy = 'Give it more, or shorten the retention (RETENTION_DAYS, EXECUTION_RETENTION_DAYS).';
  return memory.used < memory.limit
    ? [`The memory of Redis is nearly full, ${share}: once it is, every change is refused. ${remedy}`]
    : [`The memory of Redis is full, ${share}: every change is refused. ${remedy}`];
}

/** What an operator should mend, in sentences. */
export function settingsWarnings(settings: ServerSettings): string[] {
  const warnings: string[] = mayEvict(settings) ? [] : memoryWarnings(settings);
  if (settings.version === null)
    warnings.push(`Redis does not tell its version; make sure that it is ${oldestMajor}.${oldestMinor} or later.`);
  if (settings.isCluster === null)
    warnings.push('Redis does not tell whether it is a Cluster; make sure that it is none.');
  if (settings.evictionPolicy === null)
    warnings.push('Redis does not tell its maxmemory-policy; make sure that it is noeviction.');
  if (mayEvict(settings))
    warnings.push(
      `Redis may evict data (maxmemory-policy ${settings.evictionPolicy}): watermarks would be lost without a word. Set it to noeviction.`,
    );
  if (settings.hasAppendOnlyFile === null)
    warnings.push('Redis does not tell how it persists; make sure that its append-only file is on.');
  if (settings.hasAppendOnlyFile === false)
    warnings.push(
      'Redis keeps no append-only file: what was committed since its last snapshot is lost when it ends. Set appendonly yes.',
    );
  return warnings;
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

function mayEvict({ evictionPolicy }: ServerSettings): boolean {
  return evictionPolicy !== null && evictionPolicy !== 'noeviction';
}

function refused(what: string, remedy: string): BatchyError {
  return new BatchyError('invalid-setting', `The Redis of REDIS_URL ${what}. ${remedy}.`);
}
