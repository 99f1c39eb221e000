import { Queue } from 'bullmq';
import { rankOf } from '../../domain/priority.ts';
import { BatchyError } from '../../domain/errors.ts';
import type { Work } from '../../domain/work.ts';
import { connectProducer, type QueueServer } from './connections.ts';
import { linesKey, messageIdOf, queueNameOf, queuePrefix } from './queue-names.ts';

export interface Producer {
  dispatch(work: Work, isOverdue?: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface ProducerTimes {
  readonly silenceMs: number;
  readonly deadlineMs: number;
}

/** Between two attempts, in milliseconds. */
const pause = 100;
/** What BullMQ notes of all that happens to a queue's messages; nobody reads it. */
const eventsKept = 100;

/** Adds messages. The connection is made at once and kept; there is one queue's object for each line that was ever used. */
export function createProducer(server: QueueServer, { silenceMs, deadlineMs }: ProducerTimes): Producer {
  const redis = connectProducer(server, silenceMs);
  const queues = new Map<string, Queue>();
  /** Lines that are emptied should nobody stand there. */
  const known = new Set<string>();
  let lastFailure: unknown;
  redis.on('error', (error: unknown) => {
    lastFailure = error;
  });

  function queueFor(work: Work): Queue {
    const name = queueNameOf(work);
    let queue = queues.get(name);
    if (queue === undefined) {
      // The server was looked at by who opened the store; asking it again could fail, and for good.
      const options = { connection: redis, prefix: queuePrefix, skipVersionCheck: true };
      queue = new Queue(name, { ...options, streams: { events: { maxLen: eventsKept } } });
      queue.on('error', () => undefined);
      queues.set(name, queue);
    }
    return queue;
  }

  /** By the clock of this machine: who stands at the line says so by that of the server. */
  async function makeKnown(name: string): Promise<void> {
    if (known.has(name)) return;
    await redis.zadd(linesKey, 'NX', Date.now(), name);
    known.add(name);
  }

  async function add(work: Work): Promise<void> {
    await makeKnown(queueNameOf(work));
    await queueFor(work).add('execution', null, {
      jobId: messageIdOf(work.executionId),
      priority: rankOf(work.priority),
      delay: Math.max(0, Math.ceil(work.delayMilliseconds)),
      // Else the same execution could not be handed on again.
      removeOnComplete: true,
      removeOnFail: true,
      // A consumer answers for what it takes in other ways; should BullMQ ever see a failure, it is handed on again.
      attempts: Number.MAX_SAFE_INTEGER,
      backoff: { type: 'fixed', delay: 1000 },
      stackTraceLimit: 1,
    });
  }

  /** Of a message that was put off: BullMQ compares with the clock of whoever takes, and it was put off by that of another. */
  async function bringForward(work: Work): Promise<void> {
    const message = await queueFor(work).getJob(messageIdOf(work.executionId));
    if (message === undefined || !(await message.isDelayed())) return;
    try {
      await message.promote();
    } catch (error) {
      // Else it has come by itself meanwhile.
      if (await message.isDelayed()) throw error;
    }
  }

  const unavailable = (cause: unknown): BatchyError =>
    new BatchyError(
      'store-unavailable',
      `Work cannot be handed on: ${server.name} does not answer${cause instanceof Error ? ` (${cause.message})` : ''}. It waits in the store until a conductor looks for it.`,
      { cause },
    );

  return {
    async dispatch(work, isOverdue = false) {
      const deadline = performance.now() + deadlineMs;
      for (;;) {
        await ready(redis, deadline).catch(() => {
          throw unavailable(lastFailure);
        });
        try {
          await by(deadline, add(work));
          if (isOverdue) await by(deadline, bringForward(work));
          return;
        } catch (error) {
          // Adding again is adding once.
          if (performance.now() + pause >= deadline) throw unavailable(error);
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
      }
    },
    async close() {
      redis.disconnect();
      await Promise.allSettled([...queues.values()].map((queue) => queue.close()));
    },
  };
}

/** Rejects when there is no connection by the deadline. */
async function ready(redis: ReturnType<typeof connectProducer>, deadline: number): Promise<void> {
  if (redis.status === 'ready') return;
  if (redis.status === 'end') throw new Error('the connection was closed');
  const { promise, resolve } = Promise.withResolvers<void>();
  redis.once('ready', resolve).once('end', resolve);
  try {
    await by(deadline, promise);
  } finally {
    redis.off('ready', resolve).off('end', resolve);
  }
}

/** Rejects when `answer` is not there by the deadline. */
async function by<T>(deadline: number, answer: Promise<T>): Promise<T> {
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
