import type { FromConductor } from './conductor-messages.ts';
import { BatchyError } from './domain/errors.ts';
import { readJobDefinition } from './domain/job-text.ts';
import type { Timers } from './ports/timers.ts';
import type { BrokenJobFile, CataloguedJob, JobCatalog } from './service/job-catalog.ts';

/** What the process that runs jobs has told last of the job files. */
export interface ToldCatalog extends JobCatalog {
  tell(message: Extract<FromConductor, { kind: 'catalog' }>): void;
  /** Nothing more will be told: whoever waits need not wait any longer. */
  close(): void;
}

/** Milliseconds that a request waits for the files to be read for the first time: less than its caller waits for the answer. */
const patience = 20_000;

export function createToldCatalog({ after }: Pick<Timers, 'after'>): ToldCatalog {
  let jobs: ReadonlyMap<string, CataloguedJob> = new Map();
  let broken: readonly BrokenJobFile[] = [];
  const first = Promise.withResolvers<void>();
  return {
    async ready() {
      const late = Promise.withResolvers<never>();
      const cancel = after(patience, () =>
        late.reject(
          new BatchyError(
            'jobs-not-ready',
            `The job files have not been read yet, ${patience / 1000} s after this was asked. Nothing was changed. The service’s log and /health/ready say what keeps them; try again then.`,
          ),
        ),
      );
      try {
        await Promise.race([first.promise, late.promise]);
      } finally {
        cancel();
      }
    },
    jobs: () => jobs,
    broken: () => broken,
    tell(message) {
      const read = message.jobs.map(({ definition, ...others }) => ({
        definition: readJobDefinition(definition),
        ...others,
      }));
      jobs = new Map(read.map((job) => [job.definition.name, job]));
      broken = message.broken;
      first.resolve();
    },
    close: () => first.resolve(),
  };
}
