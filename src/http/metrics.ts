import type { Registry } from 'prom-client';
import { Type } from 'typebox';

import { BatchyError } from '../domain/errors.ts';
import type { QueueOverview } from '../service/queues.ts';
import { type JobFacts, type LiveExecutions, readLiveExecutions, registerJobMetrics } from './job-metrics.ts';
import { histogramSamples, register, type Labels } from './prometheus-samples.ts';
import { registerQueueMetrics } from './queue-metrics.ts';
import { countRequests, durationBuckets, type RequestCount } from './request-counts.ts';
import { problemResponses } from './schemas/vocabulary.ts';
import type { BatchyServer, ServerOptions } from './server.ts';
import { mostWorkflows, readWorkflowAges, type WorkflowAges } from './workflow-ages.ts';

export interface Metrics {
  readonly prefetchRefused: () => void;
  /** `GET /metrics`; to be added with the other routes, so that it is documented with them. */
  addRoute(server: BatchyServer): void;
}

/** Counts from now on; what costs something (the library, the process's own metrics, the ages) begins at the first scrape. */
export function addMetrics(server: BatchyServer, options: ServerOptions): Metrics {
  const requests = countRequests(server);
  let prefetches = 0;
  let exposition: Promise<Exposition> | null = null;

  return {
    prefetchRefused: () => {
      prefetches += 1;
    },
    addRoute: (routes) => {
      routes.get(
        '/metrics',
        {
          config: { scope: 'read' },
          schema: {
            tags: ['service'],
            summary: 'Metrics in the text format of Prometheus',
            description:
              `Ages of watermarks and open batches are those of the ${mostWorkflows} workflows changed last ` +
              '(`batchy_workflows_truncated` is 1 when there are more). Of jobs that are launched, so many are told apart that the number of ' +
              'series stays bounded. Names of workflows and jobs appear, values of parameters never.',
            response: { 200: metricsAnswer, ...problemResponses() },
          },
        },
        async (_request, reply) => {
          exposition ??= createExposition(requests);
          const { registry, fill } = await exposition;
          const asked = await askStore(options);
          const { jobSide } = options;
          const counted = jobSide?.counted() ?? new Map();
          const isConductorUp = jobSide?.isConductorUp() ?? null;
          fill({ ...asked, prefetches, jobs: { counted, live: asked.live, isConductorUp } });
          return reply.type(registry.contentType).send(await registry.metrics());
        },
      );
    },
  };
}

const metricsAnswer = {
  description: 'Metrics',
  content: {
    'text/plain': {
      schema: Type.String(),
      example:
        '# TYPE batchy_watermark_age_seconds gauge\nbatchy_watermark_age_seconds{workflow="orders",job="customers"} 3600.5\n',
    },
  },
} as never;

interface StoreFacts {
  readonly ages: WorkflowAges;
  readonly live: LiveExecutions;
  readonly queues: readonly QueueOverview[];
  /** How long it took to answer; `null` when it cannot be reached. */
  readonly storeSeconds: number | null;
}

/** While the store is away the other metrics count most, so that is a fact and no failure of the scrape. */
async function askStore({ services, health, now }: ServerOptions): Promise<StoreFacts> {
  try {
    const begin = performance.now();
    await health.ping();
    const storeSeconds = (performance.now() - begin) / 1000;
    const ages = await readWorkflowAges(services.workflows, await now());
    const live = await readLiveExecutions(services.executions);
    return { ages, live, queues: await services.queues.list(), storeSeconds };
  } catch (error) {
    if (!(error instanceof BatchyError)) throw error;
    return { ages: { jobs: [], truncated: false }, live: noneAlive, queues: [], storeSeconds: null };
  }
}

const noneAlive: LiveExecutions = { counts: [], truncated: false };

interface Scraped extends StoreFacts {
  readonly prefetches: number;
  readonly jobs: JobFacts;
}

interface Exposition {
  readonly registry: Registry;
  /** Puts all that was scraped in at once, so that two scrapes at a time do not mix. */
  readonly fill: (scraped: Scraped) => void;
}

async function createExposition(requests: () => readonly RequestCount[]): Promise<Exposition> {
  const { collectDefaultMetrics, Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const perJob = { labelNames: ['workflow', 'job'] as const, registers };
  const watermarkAge = new Gauge({
    name: 'batchy_watermark_age_seconds',
    help: 'How far the data that is known to be loaded lies behind now.',
    ...perJob,
  });
  const openAge = new Gauge({
    name: 'batchy_open_batch_age_seconds',
    help: 'How long a batch has been open.',
    ...perJob,
  });
  const skewed = new Gauge({
    name: 'batchy_clock_skew_jobs',
    help: 'Jobs of a workflow that are marked clock-skew: somebody has to decide where their next window begins.',
    labelNames: ['workflow'] as const,
    registers,
  });
  const truncated = new Gauge({
    name: 'batchy_workflows_truncated',
    help: `1 when there are more than ${mostWorkflows} workflows; the ages are of those changed last.`,
    registers,
  });
  const storeUp = new Gauge({
    name: 'batchy_store_up',
    help: '1 when the store answered during this scrape.',
    registers,
  });
  const store = new Gauge({
    name: 'batchy_store_round_trip_seconds',
    help: 'How long the store took to answer during this scrape.',
    registers,
  });
  let prefetches = 0;
  register(
    registry,
    'counter',
    'batchy_prefetches_refused_total',
    'Prefetches of routes with effects that were refused.',
    () => [{ value: prefetches, labels: {} }],
  );
  register(registry, 'counter', 'batchy_http_requests_total', 'Requests answered, by method, route and status.', () =>
    requests().map((each) => ({ value: each.count, labels: labelsOf(each) })),
  );
  register(registry, 'histogram', durationName, 'Time from the first byte of a request to the end of its answer.', () =>
    requests().flatMap((each) =>
      histogramSamples(durationName, labelsOf(each), durationBuckets, { ...each, sum: each.seconds }),
    ),
  );
  let jobs: JobFacts = { counted: new Map(), live: noneAlive, isConductorUp: null };
  registerJobMetrics(registry, () => jobs);
  let queues: readonly QueueOverview[] = [];
  registerQueueMetrics(registry, () => queues);
  return {
    registry,
    fill(scraped) {
      prefetches = scraped.prefetches;
      jobs = scraped.jobs;
      queues = scraped.queues;
      storeUp.set(scraped.storeSeconds === null ? 0 : 1);
      store.set(scraped.storeSeconds ?? Number.NaN);
      truncated.set(scraped.ages.truncated ? 1 : 0);
      watermarkAge.reset();
      openAge.reset();
      skewed.reset();
      for (const { workflow, job, watermarkSeconds, openSeconds, isSkewed } of scraped.ages.jobs) {
        if (watermarkSeconds !== null) watermarkAge.set({ workflow, job }, watermarkSeconds);
        if (openSeconds !== null) openAge.set({ workflow, job }, openSeconds);
        if (isSkewed) skewed.inc({ workflow });
      }
    },
  };
}

const durationName = 'batchy_http_request_duration_seconds';

function labelsOf({ method, route, status }: RequestCount): Labels {
  return { method, route, status };
}
