import type { Json } from '../../../src/domain/json.ts';
import type { StepContext } from '../../../src/runner/step-context.ts';

/** What a step is given, as far as readers and writers look at it. */
export function stepContext(
  parameters: Record<string, unknown> = {},
  signal: AbortSignal = new AbortController().signal,
): StepContext {
  const silent = () => undefined;
  const values = new Map<string, Json>();
  return {
    parameters,
    context: {
      get: (key, byDefault) => values.get(key) ?? byDefault ?? null,
      has: (key) => values.has(key),
      set: (key, value) => void values.set(key, value),
      delete: (key) => void values.delete(key),
      entries: () => [...values],
    },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    signal,
    attempt: 1,
    execution: { id: 1, jobName: 'Job', stepName: 'Step' },
    partition: null,
    progress: silent,
  };
}
