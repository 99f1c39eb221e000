import type { Consumer, Dispatcher } from '../../ports/dispatcher.ts';
import type { Outage } from '../../ports/outage.ts';
import type { QueueServer } from './connections.ts';
import { createConsumer } from './consuming.ts';
import { createProducer } from './producing.ts';

export interface BullmqDispatcherOptions {
  /** The Redis of the stores. It is taken for one that they accept. */
  readonly server: QueueServer;
  /** Milliseconds without any answer after which a connection is given up. Default: 2,000. */
  readonly silenceMs?: number;
  /** Milliseconds that handing on may take, and stopping where the server is away. Default: 5,000. */
  readonly deadlineMs?: number;
  /** Milliseconds after which a consumer that gives no sign of life is taken for gone. Default: 15,000. */
  readonly lockMs?: number;
  /** Milliseconds between two looks for what such consumers held. The same for all who take part. Default: 5,000. */
  readonly stalledMs?: number;
  /** Milliseconds until the messages of a line are removed at which nobody stands. The same for all. Default: an hour. */
  readonly unattendedMs?: number;
  /** Told of trouble with the connections of those who consume. Default: they are told it themselves, as a problem. */
  readonly outage?: Outage | undefined;
}

/**
 * Hands work on by BullMQ: one of its queues for each line, with connections of their own. Nothing is asked of the server
 * before the first use, and nothing fails for its being away but `dispatch`.
 */
export function createBullmqDispatcher({
  server,
  silenceMs = 2000,
  deadlineMs = 5000,
  lockMs = 15_000,
  stalledMs = 5000,
  unattendedMs = 3_600_000,
  outage,
}: BullmqDispatcherOptions): Dispatcher {
  const producer = createProducer(server, { silenceMs, deadlineMs });
  const consumers = new Set<Consumer>();
  return {
    dispatch: (work, isOverdue) => producer.dispatch(work, isOverdue),
    consume(options) {
      const tools = { silenceMs, deadlineMs, lockMs, stalledMs, unattendedMs, outage };
      const consumer = createConsumer(server, tools, options);
      consumers.add(consumer);
      return consumer;
    },
    async close() {
      await Promise.all([...consumers].map((consumer) => consumer.stop()));
      await producer.close();
    },
  };
}
