import type { RedisOptions } from 'ioredis';
import { BatchyError } from '../../domain/errors.ts';

/** The driver's options; answers come in the plain form, not in that of RESP3. */
export type DriverOptions = Omit<RedisOptions, 'replyMapping'>;

/** Where a Redis is. */
export interface RedisTarget {
  /** For messages: without user and password. */
  readonly name: string;
  readonly options: DriverOptions;
}

const form = /^(rediss?)(\+sentinel)?:\/\/(?:([^@/]*)@)?([^/?@]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const expected =
  'redis://[user:password@]host[:port][/db], rediss://… for TLS, or redis+sentinel://[user:password@]host:port,host:port/master[?db=0&sentinel_username=…&sentinel_password=…]';

/**
 * Reads the address of a Redis. Behind Sentinel the hosts are the sentinels, and user and password the server's own.
 * @throws BatchyError `invalid-setting`
 */
export function readTarget(url: string): RedisTarget {
  const match = form.exec(url);
  if (!match) throw refused('it is no such address');
  const [, scheme, sentinel, login = '', hosts = '', path = '', query = ''] = match;
  const tls = scheme === 'rediss' ? {} : null;
  const parameters = new URLSearchParams(query);
  const allowed = sentinel === undefined ? [] : ['db', 'sentinel_username', 'sentinel_password'];
  for (const name of parameters.keys())
    if (!allowed.includes(name)) throw refused(`it has no parameter ${JSON.stringify(name)}`);
  const options: DriverOptions = { ...readLogin(login), ...(tls === null ? {} : { tls }) };

  if (sentinel === undefined) {
    if (hosts.includes(',')) throw refused('it names several hosts, which only the Sentinel form may');
    const { host, port } = readHost(hosts, 6379);
    return {
      name: `Redis at ${host}:${port}`,
      options: { ...options, host, port, db: readDatabase(path === '' ? '0' : path) },
    };
  }
  if (path === '' || path.includes('/')) throw refused('it names no master behind the hosts of the sentinels');
  const name = decode(path);
  const sentinelPassword = parameters.get('sentinel_password');
  const sentinelUsername = parameters.get('sentinel_username');
  return {
    name: `Redis ${JSON.stringify(name)} behind the sentinels ${hosts}`,
    options: {
      ...options,
      sentinels: hosts.split(',').map((host) => readHost(host, 26379)),
      name,
      role: 'master',
      db: readDatabase(parameters.get('db') ?? '0'),
      ...(tls === null ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls }),
      ...(sentinelUsername === null ? {} : { sentinelUsername }),
      ...(sentinelPassword === null ? {} : { sentinelPassword }),
    },
  };
}

function readLogin(login: string): { username?: string; password?: string } {
  if (login === '') return {};
  const colon = login.indexOf(':');
  if (colon === -1) throw refused('its user has no password (write :password@ for a password alone)');
  const username = decode(login.slice(0, colon));
  return { ...(username === '' ? {} : { username }), password: decode(login.slice(colon + 1)) };
}

function readHost(text: string, defaultPort: number): { host: string; port: number } {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^:,[\]]+)(?::(\d{1,5}))?$/.exec(text);
  if (!match) throw refused(`${JSON.stringify(text)} is no host`);
  const [, host = '', port = String(defaultPort)] = match;
  if (Number(port) < 1 || Number(port) > 65_535) throw refused(`${port} is no port`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function readDatabase(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw refused(`${JSON.stringify(text)} is no number of a database`);
  return Number(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused('it holds a % that begins no escape (write %25 for a %)');
  }
}

/** The address itself is not repeated: it may hold a password. */
function refused(why: string): BatchyError {
  return new BatchyError('invalid-setting', `REDIS_URL cannot be used: ${why}. Expected ${expected}.`);
}
