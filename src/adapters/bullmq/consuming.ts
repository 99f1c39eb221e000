import { DelayedError, type Job, Queue, WaitingError, Worker } from 'bullmq';
import { ReplyError } from 'ioredis';
import type { ConsumeOptions, Consumer, Taken } from '../../ports/dispatcher.ts';
import type { Outage } from '../../ports/outage.ts';
import { ConsumerConnection, type QueueServer } from './connections.ts';
import { createOutage } from './outage.ts';
import { executionIdOf, queueNameOf, queuePrefix } from './queue-names.ts';
import { createRoom, type Seat } from './room.ts';
import { keepLines } from './unattended.ts';

export interface ConsumerTools {
  /** Told of trouble with the connections, in place of who consumes. */
  readonly outage?: Outage | undefined;
  readonly silenceMs: number;
  readonly deadlineMs: number;
  /** How long what was handed over stays so without a sign of life of its consumer. */
  readonly lockMs: number;
  /** Between two looks for what was handed over to somebody who is gone. The same for all who take part. */
  readonly stalledMs: number;
  /** After how long the messages of a line at which nobody stands are removed. */
  readonly unattendedMs: number;
}

/** How long an idle line waits for a sign before it looks by itself, in seconds: signs get lost with a connection. */
const looksEvery = 2;
/** Until what could not be taken is handed over again, in milliseconds. */
const afterFailure = 1000;

interface Post {
  readonly worker: Worker;
  /** Of the same line, to wake others. */
  readonly queue: Queue;
  readonly seat: Seat;
}

export function createConsumer(
  server: QueueServer,
  { silenceMs, deadlineMs, lockMs, stalledMs, unattendedMs, outage: given }: ConsumerTools,
  { lines, take, onProblem }: ConsumeOptions,
): Consumer {
  const redis = new ConsumerConnection(server, silenceMs);
  const outage = given ?? createOutage(onProblem);
  redis.on('error', (error: unknown) => outage.met(error)).on('ready', () => outage.over());
  const underWay = new Set<Promise<unknown>>();
  const names = [...new Set(lines.map(queueNameOf))];
  const posts = names.map(postAt);
  const leaveLines = keepLines({ redis, names, unattendedMs });
  const room = createRoom({ seats: posts.map(({ seat }) => seat), after: timer });

  function postAt(name: string): Post {
    // The server was looked at by who opened the store, which goes on where INFO is forbidden.
    const shared = { connection: redis, prefix: queuePrefix, skipVersionCheck: true };
    const queue = new Queue(name, { ...shared, skipMetasUpdate: true });
    const worker = new Worker(name, (job, token): Promise<void> => handle(post, job, token), {
      ...shared,
      autorun: false,
      concurrency: 1,
      lockDuration: lockMs,
      stalledInterval: stalledMs,
      // What is given up too often by those who die over it is the store's to judge.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      drainDelay: looksEvery,
      runRetryDelay: afterFailure,
    });
    const post = { worker, queue, seat: seatOf(worker) };
    queue.on('error', () => undefined);
    worker
      .on('error', (error) => {
        // Of its connections we hear ourselves. That a lock is lost is told by the message's being handed over again.
        if (error instanceof (ReplyError as typeof Error)) outage.met(error);
      })
      .on('drained', () => room.drained(post.seat));
    return post;
  }

  async function handle(post: Post, job: Job, token = ''): Promise<void> {
    const executionId = executionIdOf(job.id ?? '');
    if (executionId === null) return;
    const leave = room.enter(post.seat);
    if (leave === null) return putBack(post, job, token);
    outage.over();
    const taken = await answerTo(executionId).finally(leave);
    if (taken.kind === 'over') return;
    if (taken.milliseconds <= 0) return putBack(post, job, token);
    // Where that fails, the message is found as that of a consumer who is gone.
    await job.moveToDelayed(Date.now() + taken.milliseconds, token).catch(() => undefined);
    throw new DelayedError();
  }

  async function answerTo(executionId: number): Promise<Taken> {
    const answer = Promise.try(take, executionId);
    underWay.add(answer);
    try {
      return await answer;
    } catch (error) {
      onProblem(error);
      return { kind: 'later', milliseconds: afterFailure };
    } finally {
      underWay.delete(answer);
    }
  }

  /** To the front of its priority. BullMQ wakes nobody for it, but does where a queue is resumed. */
  async function putBack({ queue }: Post, job: Job, token: string): Promise<never> {
    await job
      .moveToWait(token)
      .then(() => queue.resume())
      .catch(() => undefined);
    throw new WaitingError();
  }

  async function closeAll(): Promise<void> {
    await Promise.allSettled(posts.map(({ worker }) => worker.close()));
    await Promise.allSettled(posts.map(({ queue }) => queue.close()));
  }

  let stopped: Promise<void> | null = null;
  async function stop(): Promise<void> {
    room.close();
    leaveLines();
    while (underWay.size > 0) await Promise.allSettled(underWay);
    const closing = closeAll();
    // What a server that is away was not told is found as that of a consumer who is gone.
    if (redis.status !== 'ready' || !(await settles(closing, deadlineMs))) {
      redis.abandon();
      await settles(closing, deadlineMs);
    }
    redis.disconnect();
  }

  return {
    setRoom: (free) => room.set(free),
    stop: () => (stopped ??= stop()),
  };
}

function seatOf(worker: Worker): Seat {
  let isOpen = false;
  const start = (): void => {
    void worker.resume();
    // A loop that is just ending does not hear of it.
    setImmediate(() => {
      if (isOpen && !worker.isRunning()) void worker.resume();
    });
  };
  return {
    open() {
      isOpen = true;
      start();
    },
    shut() {
      isOpen = false;
      void worker.pause(true);
    },
    limit(messages) {
      worker.concurrency = messages;
    },
    wake() {
      void worker.pause(true);
      start();
    },
  };
}

/** Whether it does within so many milliseconds. */
async function settles(done: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = timer(milliseconds, () => resolve(false));
  const settled = await Promise.race([done.then(() => true), promise]);
  cancel();
  return settled;
}

function timer(milliseconds: number, act: () => void): () => void {
  const timeout = setTimeout(act, milliseconds);
  return () => clearTimeout(timeout);
}
