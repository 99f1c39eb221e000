/** A process that runs jobs, and a digest of the names and versions of all that it has read. */
export interface JobsRead {
  readonly conductor: string;
  readonly version: string;
}

/** More of those that have read the same are counted only. */
const mostNamed = 3;

/** That processes have read different job files, and what to do; `null` where all have read the same. */
export function differingJobs(read: readonly JobsRead[]): string | null {
  const groups = Map.groupBy(read, ({ version }) => version);
  if (groups.size < 2) return null;
  // First what most have read.
  const sorted = [...groups].toSorted(([, one], [, other]) => other.length - one.length);
  const which = sorted.map(([version, readers]) => {
    const names = readers.slice(0, mostNamed).map(({ conductor }) => conductor);
    const others = readers.length - names.length;
    return `${version} by ${names.join(', ')}${others === 0 ? '' : ` and ${others} more`}`;
  });
  return `Processes that are online have read different job files: ${which.join('; ')}. What an execution does hangs on who takes it. Bring cfg/jobs to the same state on all machines; each reads what has changed by itself, and a file that is broken on one of them is told in its log.`;
}
