import { describe, expect, it } from 'vitest';
import { readTarget } from '../../../src/adapters/redis/target.ts';

describe('the address of a Redis', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6379, db: 0 }],
    ['redis://127.0.0.1:7000/3', { host: '127.0.0.1', port: 7000, db: 3 }],
    ['redis://[::1]:7000', { host: '::1', port: 7000, db: 0 }],
    ['redis://:p%40ss@host/', { host: 'host', port: 6379, db: 0, password: 'p@ss' }],
    ['redis://user:a:b@host', { host: 'host', port: 6379, db: 0, username: 'user', password: 'a:b' }],
    ['rediss://host', { host: 'host', port: 6379, db: 0, tls: {} }],
    [
      'redis+sentinel://one,two:26380/main',
      {
        name: 'main',
        role: 'master',
        db: 0,
        sentinels: [
          { host: 'one', port: 26_379 },
          { host: 'two', port: 26_380 },
        ],
      },
    ],
    [
      'rediss+sentinel://user:pass@one/main?db=2&sentinel_username=watch&sentinel_password=w%20w',
      {
        name: 'main',
        role: 'master',
        db: 2,
        username: 'user',
        password: 'pass',
        tls: {},
        sentinels: [{ host: 'one', port: 26_379 }],
        enableTLSForSentinelMode: true,
        sentinelTLS: {},
        sentinelUsername: 'watch',
        sentinelPassword: 'w w',
      },
    ],
  ])('%s is understood', (url, options) => {
    expect(readTarget(url).options).toEqual(options);
  });

  it.each([
    'http://host',
    'redis://',
    'host:6379',
    'redis://one,two',
    'redis://host:port',
    'redis://host:0',
    'redis://host:65536',
    'redis://host/first',
    'redis://secret@host',
    'redis://:secret%@host',
    'redis://host?maxRetriesPerRequest=9',
    'redis+sentinel://one,two',
    'redis+sentinel://one,,two/main',
    'redis+sentinel://one/main?db=x',
    'redis+sentinel://one/main/2',
  ])('%s is refused, and no password is told', (url) => {
    expect(() => readTarget(url)).toThrow(
      expect.objectContaining({ code: 'invalid-setting', detail: expect.not.stringContaining('secret') }),
    );
  });

  it('is named without its password', () => {
    expect(readTarget('redis://user:secret@host:7000').name).toBe('Redis at host:7000');
    expect(readTarget('redis+sentinel://user:secret@one,two/main').name).toBe(
      'Redis "main" behind the sentinels one,two',
    );
  });
});
