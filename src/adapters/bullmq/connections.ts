import { Redis, type RedisOptions } from 'ioredis';

/** The driver's options; answers come in the plain form, not in that of RESP3. */
export type DriverOptions = Omit<RedisOptions, 'replyMapping'>;

/** The Redis whose queues are used. */
export interface QueueServer {
  /** For messages: without user and password. */
  readonly name: string;
  readonly options: DriverOptions;
}

const firstPause = 20;
const longestPause = 500;
/** Until a server that loads its data is asked again whether it is ready, in milliseconds; the driver would wait for as long as the server guesses. */
const longestLoadingPause = 250;
/** Longer than BullMQ ever lets a connection wait for work, 10 s. */
const longestBlock = 15_000;

/**
 * For handing on: what cannot be sent at once is refused by the driver, and nothing is sent twice.
 * @param silenceMs how long a sent command may stay without any answer until its connection is given up
 */
export function connectProducer(server: QueueServer, silenceMs: number): Redis {
  const redis = new Redis({
    ...basics(server, silenceMs),
    socketTimeout: silenceMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    reconnectOnError: leadsToMaster,
  });
  // Every call waits for it when the connection is away.
  redis.setMaxListeners(0);
  redis.on('error', () => undefined);
  return redis;
}

/**
 * For taking part: BullMQ wants commands that wait for the server's return. What is sent twice then takes a message that
 * nobody answers for, and is handed on again as if its consumer had died.
 */
export class ConsumerConnection extends Redis {
  /** The connections that BullMQ made of it, each to wait at a line. */
  readonly #blocking = new Set<Redis>();
  #isAbandoned = false;

  constructor(server: QueueServer, silenceMs: number) {
    super({
      ...basics(server, silenceMs),
      socketTimeout: silenceMs,
      maxRetriesPerRequest: null,
      retryStrategy: (attempt) => (this.#isAbandoned ? null : reconnectDelay(attempt)),
      reconnectOnError: (error) => (leadsToMaster(error) ? 2 : false),
    });
    this.on('error', () => undefined);
  }

  /** BullMQ calls it for a connection that waits long for its answers. */
  override duplicate(override?: Partial<RedisOptions>): Redis {
    const other: Redis = super.duplicate({ ...override, socketTimeout: longestBlock });
    other.on('error', () => undefined);
    this.#blocking.add(other);
    return other;
  }

  /** Gives up: what waits for an answer is told that there is none. */
  abandon(): void {
    this.#isAbandoned = true;
    for (const redis of [this, ...this.#blocking]) {
      // Between two attempts to connect, the driver would tell nobody of the end; the next attempt is the last.
      if (redis.status === 'reconnecting') redis.once('connect', () => redis.disconnect());
      else redis.disconnect();
    }
  }
}

function basics(server: QueueServer, silenceMs: number): DriverOptions {
  return {
    ...server.options,
    connectionName: 'batchy-queue',
    protocol: 2,
    connectTimeout: silenceMs,
    maxLoadingRetryTime: longestLoadingPause,
    retryStrategy: reconnectDelay,
  };
}

function reconnectDelay(attempt: number): number {
  return Math.min(firstPause * 2 ** Math.min(attempt - 1, 10), longestPause);
}

/** Refused by a server that is no master any more: another connection may lead to the master. */
function leadsToMaster(error: Error): boolean {
  return error.message.startsWith('READONLY');
}
