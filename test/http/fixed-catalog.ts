import type { AppOverrides } from '../../src/app.ts';
import type { JobOptions } from '../../src/authoring/index.ts';
import { defineJob, step } from '../../src/authoring/index.ts';

/** Jobs as if their files had been read, and no process that runs them: what is launched stays as it is. */
export function fixedCatalog(...jobs: readonly Omit<JobOptions, 'steps'>[]): NonNullable<AppOverrides['jobSide']> {
  const definitions = jobs.map(
    (job) => defineJob({ ...job, steps: [step('First', () => {}), step('Second', () => {})] }).definition,
  );
  const catalogued = new Map(
    definitions.map((definition) => [
      definition.name,
      { definition, file: `${definition.name.toLowerCase()}.ts`, version: 'aaaaaaaaaaaa', readAt: 0n },
    ]),
  );
  return { catalog: { ready: async () => {}, jobs: () => catalogued, broken: () => [] }, look: () => {} };
}
