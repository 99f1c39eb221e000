import { BlockList } from 'node:net';

import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';

import { BatchyError } from '../domain/errors.ts';
import { quoteBriefly } from '../domain/names.ts';
import type { Instant } from '../domain/time.ts';
import { allows, findKey, type Principal, type Scope, type StoredKey } from '../service/keys.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set before any handler runs. */
    principal: Principal;
  }
  interface FastifyContextConfig {
    /** What a key must be allowed for this route; `public` needs none. Every route names one. */
    scope?: Scope | 'public';
    /** One of the six routes that tools know which can only fetch a URL: a trusted network needs no key for it. */
    classic?: boolean;
    /** The route changes state, whatever its method: a prefetch is refused. */
    effects?: boolean;
    /** May take more time than other requests: waits and event streams. A function where it depends on the request. */
    longLived?: boolean | ((request: FastifyRequest) => boolean);
    /** Has a lane of its own when the service is overloaded. */
    reserved?: boolean;
  }
}

export interface AuthOptions {
  /** The keys as they are now; read anew when the file changes. */
  readonly keys: () => readonly StoredKey[];
  readonly trustedNetworks: readonly string[];
  /** While there is no key: whether the service answers to this name (of the Host header, without port). */
  readonly isOpenTo: (hostname: string) => boolean;
  /** The machine's clock, for keys that were rotated. */
  readonly now: () => Promise<Instant>;
  /** Told of each request whose key is missing or wrong, before it is refused: may refuse it for another reason. */
  readonly onRefused: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
}

/** Without any key the service is open, and then listens on loopback only (or ALLOW_OPEN was said). */
const everybody: Principal = { name: 'anonymous', scope: 'admin' };

/** Lets a request through to its handler only when its key allows the route's scope. */
export function addAuthentication(
  server: FastifyInstance,
  { keys, trustedNetworks, isOpenTo, now, onRefused }: AuthOptions,
): void {
  const trusted = blockListOf(trustedNetworks);
  server.decorateRequest('principal', null as unknown as Principal);
  const routes: RouteOptions[] = [];
  server.addHook('onRoute', (route) => void routes.push(route));
  // Only then, since a plugin's routes get their scope from the hooks of the part that they are registered in.
  server.addHook('onReady', async () => {
    const nameless = routes.find(({ config }) => config?.scope === undefined);
    if (nameless !== undefined) throw new Error(`route ${nameless.url} names no scope`);
  });
  server.addHook('onRequest', (request, reply, done) => {
    if (keys().length > 0) {
      void admitOrRefuse(request, reply, done);
      return;
    }
    request.principal = everybody;
    // A browser always says which host it means.
    const isAdmitted =
      request.routeOptions.config.scope === 'public' ||
      request.headers.host === undefined ||
      isOpenTo(request.hostname);
    done(isAdmitted ? undefined : notOpenTo(request.hostname));
  });

  async function admitOrRefuse(
    request: FastifyRequest,
    reply: FastifyReply,
    next: (refusal?: Error) => void,
  ): Promise<void> {
    try {
      await admit(request, reply);
    } catch (refusal) {
      next(refusal as Error);
      return;
    }
    next();
  }

  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    // Where there is nothing, any key may hear so.
    const { scope = request.is404 ? 'read' : 'admin', classic = false } = request.routeOptions.config;
    const principal = await authenticate(request, scope === 'public', classic);
    if (principal instanceof BatchyError) {
      await onRefused(request, reply);
      throw principal;
    }
    request.principal = principal;
    if (scope !== 'public' && !allows(request.principal.scope, scope)) {
      throw new BatchyError(
        'forbidden',
        `The key ${request.principal.name} has the scope ${request.principal.scope}; this needs ${scope}. Ask for a key: batchy keys create NAME --scope ${scope}.`,
      );
    }
  }

  async function authenticate(
    request: FastifyRequest,
    isPublic: boolean,
    classic: boolean,
  ): Promise<Principal | BatchyError> {
    const known = keys();
    const secret = secretOf(request.headers.authorization);
    const principal = secret === null ? null : findKey(known, secret, await now());
    if (principal !== null) return principal;
    if (isPublic) return { name: 'anonymous', scope: 'read' };
    if (secret === null && classic && trusted.check(request.ip, request.ip.includes(':') ? 'ipv6' : 'ipv4'))
      return { name: 'trusted-network', scope: 'admin' };
    return new BatchyError(
      'unauthenticated',
      secret === null
        ? 'Send an API key: Authorization: Bearer KEY, or Basic with the key as password (http://x:KEY@host/…).'
        : 'This API key is not known; it may have been revoked or rotated.',
    );
  }
}

/** The secret of `Bearer KEY`, or of `Basic` with the key as password; `null` when there is none. */
function secretOf(header: string | undefined): string | null {
  const [, scheme = '', credentials = ''] = /^(\w+)\s+(\S+)$/.exec(header?.trim() ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return null;
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon === -1 ? null : decoded.slice(colon + 1);
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    list.addSubnet(address, Number(prefix), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** A name that an attacker lets point to this machine would make a browser believe that we are his site (DNS rebinding). */
function notOpenTo(hostname: string): BatchyError {
  return new BatchyError(
    'forbidden',
    `Without an API key the service answers only to localhost and loopback addresses, not to ${quoteBriefly(hostname)}. Create a key (batchy keys create NAME --scope admin), or say ALLOW_OPEN=1.`,
  );
}
