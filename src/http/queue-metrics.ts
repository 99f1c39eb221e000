import type { Registry } from 'prom-client';

import { priorities } from '../domain/priority.ts';
import { allQueues } from '../domain/queue-name.ts';
import type { QueueOverview } from '../service/queues.ts';
import { register, type Sample } from './prometheus-samples.ts';

/** A label has as many values: whoever launches could make ever more. */
const mostQueues = 200;

/** @param queues of the scrape at hand, with all together as the last */
export function registerQueueMetrics(registry: Registry, queues: () => readonly QueueOverview[]): void {
  const gauge = (name: string, help: string, samples: (queue: QueueOverview) => Sample[]): void =>
    register(registry, 'gauge', name, help, () =>
      queues()
        .filter(({ name: queue }) => queue !== allQueues)
        .slice(0, mostQueues)
        .flatMap(samples),
    );
  gauge('batchy_queue_waiting', 'Executions that nobody has begun, by queue and priority.', ({ name, waiting }) =>
    priorities.map((priority) => ({ value: waiting[priority], labels: { queue: name, priority } })),
  );
  gauge('batchy_queue_delayed', 'Executions that were put off by their launch and not begun yet.', (queue) => [
    { value: queue.delayed, labels: { queue: queue.name } },
  ]);
  gauge('batchy_queue_running', 'Executions of a queue that were begun and have not ended.', (queue) => [
    { value: queue.running, labels: { queue: queue.name } },
  ]);
  register(registry, 'gauge', 'batchy_queue_paused', '1 while a queue is paused; all: all queues together.', () =>
    queues().map(({ name, settings }) => ({ value: Number(settings.pause !== null), labels: { queue: name } })),
  );
}
