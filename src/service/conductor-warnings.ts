import type { JobDefinition } from '../domain/job.ts';
import { differingJobs } from '../domain/job-versions.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import { defaultQueue } from '../domain/work.ts';
import type { Conductors } from './conductors.ts';
import { missingCapabilities } from './missing-capabilities.ts';
import { unservedQueues } from './unserved-queues.ts';

/**
 * What is wrong with the conductors that are online, taken together, and what to do, by what it is about: queues that none of
 * them runs, capabilities that none has, and different job files.
 * @param jobs as far as they are known here
 * @throws BatchyError `store-unavailable`
 */
export async function conductorWarnings(
  documents: DocumentReader,
  conductors: Pick<Conductors, 'online'>,
  jobs: readonly JobDefinition[],
): Promise<ReadonlyMap<string, string>> {
  const online = await conductors.online();
  const queues = jobs.map(({ queue = defaultQueue }) => queue);
  const warnings = new Map([
    ...(await unservedQueues(documents, online, queues)),
    ...(await missingCapabilities(documents, online, jobs)),
  ]);
  const read = online.flatMap(({ conductor, about }) =>
    about?.jobsVersion === undefined ? [] : { conductor, version: about.jobsVersion },
  );
  const differing = differingJobs(read);
  if (differing !== null) warnings.set('job files', differing);
  return warnings;
}
