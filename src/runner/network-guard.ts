import { lookup as resolveName } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

import { Agent, buildConnector } from 'undici';

/**
 * Keeps what jobs ask for over HTTP away from this machine and its network, unless somebody allows it: an address that came
 * from elsewhere (a page's link, a redirect, a parameter) must not reach a metadata service or an unprotected neighbour.
 *
 * The check is made when a connection is opened, on the addresses that it is opened to: a name that resolves otherwise a
 * moment later, or a redirect, does not slip by.
 */
export class PrivateTargetError extends Error {
  override readonly name: string = 'PrivateTargetError';
}

export interface GuardOptions {
  /** Lets everything through: for services within one's own network. */
  readonly allowPrivate: boolean;
  /** How long a connection may take to open, in seconds. Default: 10. */
  readonly connectSeconds?: number;
  /** Resolves names; for tests. Default: as the machine does. */
  readonly lookup?: LookupFunction;
}

/** From IANA's registries of special-purpose addresses (RFC 6890): what is not somewhere on the public internet. */
const blockedRanges = [
  // this host, private, shared by carriers, loopback, link-local (metadata services)
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  // multicast, reserved, broadcast
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // unspecified, loopback and the outdated form that holds an IPv4 address
  ['::', 96],
  // unique-local, link-local, site-local (outdated), multicast
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
  // translated and tunnelled IPv4, which could be any of the above
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
] as const;

const blocked = new BlockList();
for (const [network, prefix] of blockedRanges) {
  blocked.addSubnet(network, prefix, network.includes(':') ? 'ipv6' : 'ipv4');
}

/**
 * Whether an address is not one of the public internet. An IPv4 address written as an IPv6 one (`::ffff:10.0.0.1`) counts as
 * what it is. What is no address counts as private.
 */
export function isPrivateAddress(address: string): boolean {
  const [bare = ''] = address.replace(/^\[(.*)\]$/, '$1').split('%');
  const family = isIP(bare);
  return family === 0 || blocked.check(bare, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * An agent for undici's `request` and `fetch` that opens no connection to a private address; the request fails with
 * `PrivateTargetError` (`fetch` has it as its error's cause). To be closed by whoever made it.
 */
export function createGuardedAgent(options: GuardOptions): Agent {
  const lookup = options.lookup ?? resolveName;
  const timeout = (options.connectSeconds ?? 10) * 1000;
  if (options.allowPrivate) return new Agent({ connect: { timeout, lookup } });
  const connect = buildConnector({ timeout, lookup: guardedLookup(lookup) });
  return new Agent({
    // The lookup is not asked about a target that is an address already.
    connect: (target, callback) => {
      const host = target.hostname.replace(/^\[(.*)\]$/, '$1');
      if (isIP(host) !== 0 && isPrivateAddress(host)) callback(refusal(host, host), null);
      else connect(target, callback);
    },
  });
}

/** Fails where any of a name's addresses is private, so that it does not depend on which of them answers first. */
function guardedLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      const bad = addresses.find(({ address }) => isPrivateAddress(address));
      if (bad !== undefined) return callback(refusal(hostname, bad.address), []);
      const [first] = addresses;
      if (options.all === true || first === undefined) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

function refusal(host: string, address: string): PrivateTargetError {
  const target = host === address ? host : `${host} (${address})`;
  return new PrivateTargetError(
    `${target} is an address of this machine or of a private network, which a job may not ask for by itself. ` +
      'Set allowPrivate where the job is meant to.',
  );
}
