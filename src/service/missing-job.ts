import { BatchyError } from '../domain/errors.ts';
import { quoteBriefly } from '../domain/names.ts';
import type { BrokenJobFile, JobCatalog } from './job-catalog.ts';

/** As much of a file's problem as a sentence about something else may quote, in characters. */
const longestProblem = 300;
const mostNamed = 50;
/** Broken files that may or may not define the job. */
const mostUnread = 3;

/** Why there is no job of a name, as far as the job files tell: part of a sentence; `null` where there is one. */
export function whyMissing(catalog: JobCatalog, name: string): string | null {
  if (catalog.jobs().has(name)) return null;
  const own = catalog.broken().filter(({ jobs }) => jobs.includes(name));
  if (own.length === 0) {
    const unread = whatCannotBeRead(catalog);
    return `no job file of this service defines ${quoteBriefly(name)}${unread === '' ? '' : `, but ${unread}`}`;
  }
  const files = own.map(placeOf);
  // Two files of one name complain of each other in the same words.
  const problems = new Set(own.map(problemOf));
  return `${files.join(' and ')}, which should define ${quoteBriefly(name)}, ${own.length === 1 ? 'is' : 'are'} broken: ${[...problems].join('; ')}`;
}

/** The broken files that may define any job, since their text does not tell which: part of a sentence, or `''`. */
function whatCannotBeRead(catalog: JobCatalog): string {
  const unread = catalog.broken().filter(({ jobs }) => jobs.length === 0);
  const named = unread.slice(0, mostUnread).map((file) => `${placeOf(file)} cannot be read: ${problemOf(file)}`);
  const more = unread.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more cannot be read`] : [])].join('; ');
}

function placeOf({ file, line }: BrokenJobFile): string {
  return `jobs/${file}${line === null ? '' : `:${line}`}`;
}

function problemOf({ message }: BrokenJobFile): string {
  return message.slice(0, longestProblem).replace(/\.$/, '');
}

/**
 * @throws BatchyError `unknown-job-definition` always: it names the broken files whose job it would be, or may be, and the jobs that
 * there are
 */
export function throwUnknownJob(catalog: JobCatalog, name: string): never {
  const why = whyMissing(catalog, name);
  const isBroken = catalog.broken().some(({ jobs }) => jobs.includes(name));
  const names = [...catalog.jobs().keys()].sort();
  const others =
    names.length === 0
      ? 'There are no jobs: put files into the folder jobs of BATCHY_CFG.'
      : `There are ${names.slice(0, mostNamed).map(quoteBriefly).join(', ')}${names.length > mostNamed ? ', …' : ''}.`;
  const unread = whatCannotBeRead(catalog);
  const own = isBroken ? `: ${why}. Mend that, and launch again.` : unread === '' ? '.' : `, but ${unread}.`;
  throw new BatchyError('unknown-job-definition', `There is no job ${quoteBriefly(name)}${own} ${others}`);
}
