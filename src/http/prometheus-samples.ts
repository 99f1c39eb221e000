import type { Metric, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly value: number;
  readonly labels: Labels;
  readonly metricName?: string;
}

/** A metric whose values are computed when it is read. The library's own kinds cannot take in what was counted elsewhere. */
export function register(
  registry: Registry,
  type: 'counter' | 'gauge' | 'histogram',
  name: string,
  help: string,
  values: () => Sample[],
): void {
  const metric = { name, help, get: () => Promise.resolve({ name, help, type, values: values(), aggregator: 'sum' }) };
  registry.registerMetric(metric as unknown as Metric);
}

/** What was counted of one histogram. */
export interface Distribution {
  readonly count: number;
  readonly sum: number;
  /** By bound: what is within it and not within the one before. */
  readonly buckets: readonly number[];
}

export function histogramSamples(
  name: string,
  labels: Labels,
  bounds: readonly number[],
  { count, sum, buckets }: Distribution,
): Sample[] {
  let within = 0;
  const samples = bounds.map((bound, index): Sample => {
    within += buckets[index] ?? 0;
    return { metricName: `${name}_bucket`, value: within, labels: { le: bound, ...labels } };
  });
  return [
    ...samples,
    { metricName: `${name}_bucket`, value: count, labels: { le: '+Inf', ...labels } },
    { metricName: `${name}_sum`, value: sum, labels },
    { metricName: `${name}_count`, value: count, labels },
  ];
}
