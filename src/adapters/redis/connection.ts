import { Redis } from 'ioredis';
import type { Outage } from '../../ports/outage.ts';
import type { DriverOptions, RedisTarget } from './target.ts';
import type { BatchyError } from '../../domain/errors.ts';
import { judge, outcomeUnknown, unavailable } from './server-errors.ts';

/** All in milliseconds. */
export interface ConnectionTimes {
  /** How long a sent command may stay without any answer until its connection is given up. */
  readonly silence: number;
  /** How long a call may take in all, repetitions included. */
  readonly deadline: number;
}

/** `commit`: may be repeated, but who is told that it failed must know whether it may have happened. `once`: never repeated. */
export type Effect = 'none' | 'commit' | 'once';

/**
 * A connection whose calls settle by a deadline. The driver resends nothing: it cannot know what may run twice. What was cut
 * off is repeated here, which is right for reads, and for commits because an operation's id takes effect once.
 */
export interface RedisConnection {
  /** Calls `attempt` until it is answered. @throws BatchyError `store-unavailable`, or what the server's refusal means */
  call<T>(attempt: (redis: Redis) => Promise<T>, effect?: Effect): Promise<T>;
  /** Another connection of its own to the same server, with other options. */
  another(options: DriverOptions): Redis;
  close(): void;
}

const firstPause = 20;
const longestPause = 500;
/** Until a server that loads its data is asked again whether it is ready, in milliseconds; the driver would wait for as long as the server guesses. */
const longestLoadingPause = 250;

/** @param outage told when calls fail because the server is away, and when one is answered again */
export function connectRedis(
  target: RedisTarget,
  times: ConnectionTimes,
  outage: Outage = { met: () => {}, over: () => {} },
): RedisConnection {
  const base: DriverOptions = {
    ...target.options,
    connectionName: 'batchy',
    protocol: 2,
    connectTimeout: times.silence,
    maxLoadingRetryTime: longestLoadingPause,
    retryStrategy: reconnectDelay,
  };
  const redis = new Redis({
    ...base,
    socketTimeout: times.silence,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  });
  // Every call waits for it when the connection is away.
  redis.setMaxListeners(0);
  let lastFailure: unknown;
  redis.on('error', (error: unknown) => {
    lastFailure = error;
  });

  let isAway = false;
  function away(error: BatchyError): BatchyError {
    isAway = true;
    outage.met(error);
    return error;
  }
  function answered<T>(answer: T): T {
    if (isAway) {
      isAway = false;
      outage.over();
    }
    return answer;
  }

  async function ready(deadline: number): Promise<void> {
    if (redis.status === 'ready') return;
    if (redis.status === 'end') throw unavailable('the connection was closed', lastFailure);
    const gaveUp = Symbol('gave up');
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const timer = setTimeout(resolve, Math.max(0, deadline - performance.now()), gaveUp);
    redis.once('ready', resolve).once('end', resolve);
    const result = await promise;
    clearTimeout(timer);
    redis.off('ready', resolve).off('end', resolve);
    if (result === gaveUp)
      throw away(unavailable(`${target.name} cannot be reached${reason(lastFailure)}`, lastFailure));
  }

  /** Goes on after a first failure. `unsure`: some sending may have been carried out without our hearing of it. */
  async function persist<T>(
    attempt: (redis: Redis) => Promise<T>,
    effect: Effect,
    deadline: number,
    first: unknown,
  ): Promise<T> {
    let failure = first;
    let unsure = false;
    const surely = (error: unknown): unknown => (unsure && effect !== 'none' ? outcomeUnknown(error) : error);
    for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
      const verdict = judge(failure);
      if (verdict instanceof Error) throw surely(verdict);
      unsure ||= verdict === 'unanswered';
      const isLate = performance.now() + pause >= deadline;
      if (effect === 'once' || isLate) {
        const silent = unavailable(`${target.name} does not answer${reason(failure)}`, failure);
        throw surely(isLate ? away(silent) : silent);
      }
      if (verdict === 'replica') redis.disconnect(true);
      await sleep(pause);
      await ready(deadline).catch((error: unknown) => {
        throw surely(error);
      });
      try {
        return answered(await answeredBy(deadline, attempt(redis)));
      } catch (error) {
        failure = error;
      }
    }
  }

  return {
    // No async function: all that is asked of the store comes by here, and mostly nothing is to be waited for but the answer.
    call(attempt, effect = 'none') {
      const deadline = performance.now() + times.deadline;
      const ask = () => attempt(redis).catch((error: unknown) => persist(attempt, effect, deadline, error));
      if (isAway) return ready(deadline).then(ask).then(answered);
      return redis.status === 'ready' ? ask() : ready(deadline).then(ask);
    },
    another: (options) => {
      const other = new Redis({ ...base, ...options });
      other.on('error', () => undefined);
      return other;
    },
    close: () => redis.disconnect(),
  };
}

function reconnectDelay(attempt: number): number {
  return Math.min(firstPause * 2 ** Math.min(attempt - 1, 10), longestPause);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Rejects when `answer` is not there by the deadline. */
async function answeredBy<T>(deadline: number, answer: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error('no answer by the deadline')),
    Math.max(0, deadline - performance.now()),
  );
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? ` (${cause.message})` : '';
}
