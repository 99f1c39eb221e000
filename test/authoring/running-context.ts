import type { Json } from '../../src/domain/json.ts';
import type { StepContext } from '../../src/runner/step-context.ts';

/** What a step is given, without anything that runs it. */
export function contextOf(parameters: Record<string, unknown> = {}, values: Record<string, Json> = {}): StepContext {
  const context = new Map(Object.entries(values));
  return {
    parameters,
    context: {
      get(key, byDefault) {
        const value = context.get(key) ?? byDefault;
        if (value === undefined) throw new Error(`there is no ${key}`);
        return value;
      },
      has: (key) => context.has(key),
      set: (key, value) => void context.set(key, value),
      delete: (key) => void context.delete(key),
      entries: () => [...context],
    },
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    signal: new AbortController().signal,
    attempt: 1,
    execution: { id: 1, jobName: 'Job', stepName: 'Step' },
    partition: null,
    progress: () => {},
  };
}
