import { differingJobs } from '../domain/job-versions.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import type { Conductors } from './conductors.ts';
import { unservedQueues } from './unserved-queues.ts';

/**
 * What is wrong with the conductors that are online, taken together, and what to do, by what it is about: queues that none of
 * them runs, and different job files.
 * @param names queues that jobs name, as far as that is known here
 * @throws BatchyError `store-unavailable`
 */
export async function conductorWarnings(
  documents: DocumentReader,
  conductors: Pick<Conductors, 'online'>,
  names: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const online = await conductors.online();
  const warnings = new Map(await unservedQueues(documents, online, names));
  const read = online.flatMap(({ conductor, about }) =>
    about?.jobsVersion === undefined ? [] : { conductor, version: about.jobsVersion },
  );
  const differing = differingJobs(read);
  if (differing !== null) warnings.set('job files', differing);
  return warnings;
}
