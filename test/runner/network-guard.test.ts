import { createServer, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';

import { type Agent, request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import {
  createGuardedAgent,
  type GuardOptions,
  isPrivateAddress,
  PrivateTargetError,
} from '../../src/runner/network-guard.ts';

describe('addresses', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['0.0.0.0', true],
    ['10.1.2.3', true],
    ['100.64.0.1', true],
    ['169.254.169.254', true],
    ['172.15.255.255', false],
    ['172.16.0.0', true],
    ['172.31.255.255', true],
    ['172.32.0.0', false],
    ['192.168.0.1', true],
    ['224.0.0.1', true],
    ['255.255.255.255', true],
    ['8.8.8.8', false],
    ['93.184.215.14', false],
    ['::1', true],
    ['[::1]', true],
    ['::', true],
    ['::7f00:1', true],
    ['fe80::1', true],
    ['fe80::1%eth0', true],
    ['fc00::1', true],
    ['fdff::1', true],
    ['ff02::1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:a00:1', true],
    ['0:0:0:0:0:ffff:c0a8:1', true],
    ['::ffff:8.8.8.8', false],
    ['64:ff9b::7f00:1', true],
    ['2002:7f00:1::', true],
    ['2606:4700::1111', false],
    ['localhost', true],
    ['', true],
  ])('%s is private: %s', (address, expected) => {
    expect(isPrivateAddress(address)).toBe(expected);
  });
});

describe('an agent that keeps away from private networks', () => {
  let server: Server;
  let port: number;
  let asked: string[] = [];
  const agents: Agent[] = [];

  beforeAll(async () => {
    server = createServer((req, response) => {
      asked.push(req.headers.host ?? '');
      response.end('here');
    });
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => void server.close());
  afterEach(async () => {
    asked = [];
    await Promise.all(agents.splice(0).map((agent) => agent.destroy()));
  });

  const resolvingTo =
    (...addresses: string[]): LookupFunction =>
    (_name, options, callback) => {
      const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      if (options.all === true) callback(null, found);
      else callback(null, found[0]?.address ?? '', found[0]?.family);
    };
  const ask = async (url: string, options: GuardOptions): Promise<string> => {
    const agent = createGuardedAgent(options);
    agents.push(agent);
    const answer = await request(url, { dispatcher: agent });
    return answer.body.text();
  };

  it.each(['127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', 'localhost', '127.0.0.1.'])(
    'opens no connection to %s',
    async (host) => {
      await expect(ask(`http://${host}:${port}/`, { allowPrivate: false })).rejects.toThrow(PrivateTargetError);
      expect(asked).toEqual([]);
    },
  );

  it('looks at what a name resolves to, all of it', async () => {
    const options = { allowPrivate: false, lookup: resolvingTo('93.184.215.14', '127.0.0.1') };
    await expect(ask(`http://rebound.example:${port}/`, options)).rejects.toThrow(
      'rebound.example (127.0.0.1) is an address of this machine or of a private network',
    );
    expect(asked).toEqual([]);
  });

  it('hands on that a name does not resolve', async () => {
    const lookup: LookupFunction = (_name, _options, callback) => callback(new Error('no such name'), []);
    await expect(ask('http://missing.example/', { allowPrivate: false, lookup })).rejects.toThrow('no such name');
  });

  it('goes there when it is allowed to', async () => {
    expect(await ask(`http://127.0.0.1:${port}/`, { allowPrivate: true })).toBe('here');
    const lookup = resolvingTo('127.0.0.1');
    expect(await ask(`http://inner.example:${port}/`, { allowPrivate: true, lookup })).toBe('here');
    expect(asked).toEqual([`127.0.0.1:${port}`, `inner.example:${port}`]);
  });
});
