import { BatchyProblem } from './problem.ts';
import type { ClientRequest } from './request.ts';

export interface SenderOptions {
  /** Without a slash at its end. */
  readonly base: string;
  readonly key: string | undefined;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
  /** How often a request is sent at most; default 6. */
  readonly attempts?: number;
  /** Waits that many milliseconds, or rejects with the signal's reason; in place of a timer. */
  readonly pause?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Makes an Idempotency-Key. */
  readonly newKey?: () => string;
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  readonly idempotencyKey?: string | undefined;
}

export interface ClientAnswer {
  readonly headers: Headers;
  /** JSON as its value, anything else as text, nothing as `null`. */
  readonly body: unknown;
}

const defaultAttempts = 6;
const firstPauseMilliseconds = 250;
const longestPauseMilliseconds = 5000;

/** Sends requests, and sends them again where that may help and cannot harm. */
export function createSender({
  base,
  key,
  fetch = globalThis.fetch,
  attempts = defaultAttempts,
  pause = pauseByTimer,
  newKey = () => globalThis.crypto.randomUUID(),
}: SenderOptions) {
  const attempt = async (request: ClientRequest, init: RequestInit): Promise<ClientAnswer> => {
    const response = await fetch(`${base}${request.target}`, init);
    const text = await response.text();
    if (!response.ok) throw new BatchyProblem(response, text);
    return { headers: response.headers, body: readBody(response, text) };
  };

  return async (request: ClientRequest, { signal, idempotencyKey }: SendOptions): Promise<ClientAnswer> => {
    const init: RequestInit = {
      method: request.method,
      // Made here, so that what cannot be a header is told at once rather than taken for a failing network.
      headers: new Headers({
        accept: 'application/json, text/plain;q=0.9, */*;q=0.1',
        ...request.headers,
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(request.effects ? { 'idempotency-key': idempotencyKey ?? newKey() } : {}),
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      }),
      // Followed, a POST could become a GET, and a key could go to somebody else.
      redirect: 'manual',
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(signal === undefined ? {} : { signal }),
    };
    for (
      let sent = 1, wait = firstPauseMilliseconds;
      ;
      sent += 1, wait = Math.min(wait * 2, longestPauseMilliseconds)
    ) {
      try {
        return await attempt(request, init);
      } catch (error) {
        signal?.throwIfAborted();
        if (sent >= attempts || !isPassing(error)) throw error;
        await pause(Math.max(wait, retryAfterMilliseconds(error)), signal);
      }
    }
  };
}

/** The connection failed, or the service says that it has no room just now. */
function isPassing(error: unknown): boolean {
  return error instanceof BatchyProblem ? error.status === 503 || error.status === 429 : error instanceof TypeError;
}

function retryAfterMilliseconds(error: unknown): number {
  return error instanceof BatchyProblem ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
}

function readBody(response: Response, text: string): unknown {
  if (text === '') return null;
  return /^application\/json\b/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
}

function pauseByTimer(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', end, { once: true });
  });
}
