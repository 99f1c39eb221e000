import { setTimeout as pause } from 'node:timers/promises';

import { isJsonObject, type Json, parseJson } from '../domain/json.ts';
import { CommandFailure, exitOfProblem, exits } from './exit-codes.ts';
import { cellText } from './table.ts';
import { type ServerAddress, unreachableReason } from './server-address.ts';

export interface ClientRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Left out where `undefined` or `false`. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** JSON text. */
  readonly body?: string | undefined;
  /** Given for what changes something: with it a request may be repeated without a second effect. */
  readonly idempotencyKey?: string;
  /** It only reads, for something that is repeated: so is it. */
  readonly isRepeated?: boolean;
}

export interface ClientAnswer {
  readonly headers: Headers;
  readonly text: string;
  /** Path and query of what follows, where the answer is a part of something longer; otherwise `null`. */
  readonly next: string | null;
}

export interface ClientOptions {
  readonly address: ServerAddress;
  /** Within which a request must be answered, its repetitions included. */
  readonly timeoutSeconds: number;
  /** Told once, when a request is about to be repeated. */
  readonly onRepeat: (message: string) => void;
}

export interface Client {
  /**
   * Sends a request and waits for its answer. One with an idempotency key is repeated, under that key, while the server
   * cannot be reached or has no room: it has one effect, however many of its answers were lost on the way.
   * @throws CommandFailure for every answer but a 2xx
   */
  send(request: ClientRequest): Promise<ClientAnswer>;
  /** As `send`, and parses the answer. */
  json(request: ClientRequest): Promise<Json>;
  /** The items of a list, page by page, until `limit` of them are there. */
  list(request: ClientRequest, limit: number): Promise<Json[]>;
}

const firstPauseMilliseconds = 250;
const longestPauseMilliseconds = 5000;
/** What a server accepts as `limit` of one page. */
const largestPage = 500;

type Outcome =
  | { readonly kind: 'answer'; readonly answer: ClientAnswer }
  | {
      readonly kind: 'failure';
      readonly failure: CommandFailure;
      /** Whether the server may have done it all the same: the answer was lost, or does not tell. */
      readonly mayHaveHappened: boolean;
      readonly retryAfterMilliseconds: number;
    };

export function createClient({ address, timeoutSeconds, onRepeat }: ClientOptions): Client {
  async function attempt(request: ClientRequest, deadline: AbortSignal): Promise<Outcome> {
    try {
      const url = `${address.base}${request.path}${queryText(request.query)}`;
      const response = await fetch(url, requestInit(request, address, deadline));
      const text = await response.text();
      if (response.ok) {
        const { headers } = response;
        return { kind: 'answer', answer: { headers, text, next: nextPage(address, headers.get('link')) } };
      }
      const failure = problemFailure(response, text);
      const mayHaveHappened = failure.code === null || !certainRefusals.has(failure.code);
      return { kind: 'failure', failure, mayHaveHappened, retryAfterMilliseconds: retryAfter(response) };
    } catch (error) {
      const why = unreachableReason(error);
      const failure = deadline.aborted ? unanswered() : unreachable(why);
      return { kind: 'failure', failure, mayHaveHappened: !neverConnected.test(why), retryAfterMilliseconds: 0 };
    }
  }

  async function send(request: ClientRequest): Promise<ClientAnswer> {
    const deadline = AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000));
    let last: CommandFailure | null = null;
    let isUncertain = false;
    for (let wait = firstPauseMilliseconds; ; wait = Math.min(wait * 2, longestPauseMilliseconds)) {
      const outcome = await attempt(request, deadline);
      if (outcome.kind === 'answer') return outcome.answer;
      isUncertain ||= outcome.mayHaveHappened;
      // An attempt that the deadline cut off says nothing; what it was like before does.
      const failure: CommandFailure = deadline.aborted && last !== null ? last : outcome.failure;
      const mayRepeat = request.idempotencyKey !== undefined || request.isRepeated === true;
      const isPassing = failure.exit === exits.unreachable && mayRepeat;
      if (isPassing && last === null) onRepeat(`${failure.message} Trying again, for ${timeoutSeconds} s at most.`);
      last = failure;
      if (isPassing) await waitFor(Math.max(wait, outcome.retryAfterMilliseconds), deadline);
      if (!isPassing || deadline.aborted) throw isUncertain ? inDoubt(failure, request) : failure;
    }
  }

  function unreachable(why: string): CommandFailure {
    return new CommandFailure(
      exits.unreachable,
      `The server at ${address.base} cannot be reached (${why}). Is it running, and is --url (BATCHY_URL) right?`,
    );
  }

  function unanswered(): CommandFailure {
    return new CommandFailure(
      exits.timeout,
      `The server at ${address.base} did not answer within ${timeoutSeconds} s (--timeout).`,
    );
  }

  async function json(request: ClientRequest): Promise<Json> {
    return parseAnswer(address, (await send(request)).text);
  }

  return {
    send,
    json,

    async list(request, limit) {
      const items: Json[] = [];
      let next: ClientRequest | null = { ...request, query: { ...request.query, limit: Math.min(limit, largestPage) } };
      while (next !== null && items.length < limit) {
        const { text, next: path } = await send(next);
        const page = parseAnswer(address, text);
        if (!Array.isArray(page)) throw strangeAnswer(address);
        items.push(...(page as Json[]));
        next = path === null ? null : { path };
      }
      return items.slice(0, limit);
    },
  };
}

function requestInit(
  { method = 'GET', body, idempotencyKey }: ClientRequest,
  address: ServerAddress,
  signal: AbortSignal,
): RequestInit {
  return {
    method,
    signal,
    headers: {
      accept: 'application/json, text/plain;q=0.9, */*;q=0.1',
      ...address.headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    ...(body === undefined ? {} : { body }),
  };
}

function queryText(query: ClientRequest['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === false ? [] : [[name, String(value)] as [string, string]],
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}

/** Problems that say for certain that nothing was changed, though trying again may help. */
const certainRefusals: ReadonlySet<string> = new Set(['overloaded', 'jobs-not-ready', 'rate-limited', 'contention']);
/** Reasons for which not a byte of the request can have arrived. */
const neverConnected = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|bad port/;

/** After a lost answer nobody knows whether it happened; the key is what settles it. */
function inDoubt(failure: CommandFailure, { idempotencyKey }: ClientRequest): CommandFailure {
  const { exit, message, code, places } = failure;
  if (idempotencyKey === undefined || (exit !== exits.unreachable && exit !== exits.timeout)) return failure;
  const advice = `Whether it took effect is not known: repeat the command with --idempotency-key ${idempotencyKey} within 24 hours, and it will have one effect at most.`;
  return new CommandFailure(exit, `${message} ${advice}`, { code, places, cause: failure });
}

/** Says what the server said: its detail, and the places that it names. */
function problemFailure(response: Response, text: string): CommandFailure {
  let problem: Json = null;
  try {
    problem = parseJson(text);
  } catch {
    // Not one of ours: a proxy's page, or an older server's.
  }
  if (!isJsonObject(problem) || typeof problem['detail'] !== 'string') {
    const brief = text.trim().slice(0, 200);
    return new CommandFailure(
      exitOfProblem(null, response.status),
      `The server answered ${response.status} ${response.statusText}${brief === '' ? '' : `: ${brief}`}`,
    );
  }
  const code = typeof problem['type'] === 'string' ? (problem['type'].split('/').at(-1) ?? null) : null;
  const errors = Array.isArray(problem['errors']) ? (problem['errors'] as readonly Json[]) : [];
  const places = errors.flatMap((error) =>
    isJsonObject(error) ? [{ pointer: cellText(error['pointer']), detail: cellText(error['detail']) }] : [],
  );
  return new CommandFailure(exitOfProblem(code, response.status), problem['detail'], { code, places });
}

function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) ? Math.min(seconds, 60) * 1000 : 0;
}

/** The path of the next page from `Link: </workflows?cursor=…>; rel="next"`, below the server's own address. */
function nextPage(address: ServerAddress, link: string | null): string | null {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (target === undefined) return null;
  const { pathname, search } = new URL(target, `${address.base}/`);
  const prefix = new URL(address.base).pathname.replace(/\/$/, '');
  return `${pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : pathname}${search}`;
}

function parseAnswer(address: ServerAddress, text: string): Json {
  try {
    return parseJson(text);
  } catch {
    throw strangeAnswer(address);
  }
}

function strangeAnswer(address: ServerAddress): CommandFailure {
  return new CommandFailure(
    exits.failed,
    `What answers at ${address.base} is no Batchy server, or one of another version: its answer was not understood. Is --url (BATCHY_URL) right?`,
  );
}

async function waitFor(milliseconds: number, deadline: AbortSignal): Promise<void> {
  try {
    await pause(milliseconds, undefined, { signal: deadline });
  } catch {
    // The deadline came first; whoever called looks at it.
  }
}
