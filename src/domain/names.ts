import { BatchyError } from './errors.ts';

const workflowPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** A name that ends so would share its key with a batch record of another workflow. */
const recordSuffix = /-\d{9,}(-init)?$/;
/** Keys under this prefix are ours alone; `batchy` followed by `:` cannot be a workflow's name. */
export const ownPrefix = 'batchy:';
/** Longest accepted job name, in characters. */
const maxJobNameLength = 256;

/**
 * Accepts a workflow's name or says what is wrong with it. The name is a key of the store and part of a file's path, so
 * nothing outside the pattern may reach either.
 * @throws BatchyError `invalid-name`
 */
export function checkWorkflowName(name: string): string {
  if (!workflowPattern.test(name)) {
    throw new BatchyError(
      'invalid-name',
      `${quoteBriefly(name)} is no workflow name: use 1 to 128 letters, digits, '_', '.' or '-', beginning with a letter, a digit or '_'.`,
    );
  }
  if (recordSuffix.test(name)) {
    throw new BatchyError(
      'invalid-name',
      `${quoteBriefly(name)} is no workflow name: it ends like the record of a batch ('-' and nine or more digits).`,
    );
  }
  return name;
}

/** Whether `checkWorkflowName` accepts it. */
export function isWorkflowName(name: string): boolean {
  return workflowPattern.test(name) && !recordSuffix.test(name);
}

/** What is wrong with a job's name, or `null`. Jobs that begin with `_` are settings beside the jobs (`_infa`). */
export function jobNameProblem(name: string): string | null {
  if (name === '') return 'a job needs a name';
  if (name.startsWith('_')) return `a job's name may not begin with '_' (only _infa, a setting, may)`;
  if (name.length > maxJobNameLength) return `a job's name has at most ${maxJobNameLength} characters`;
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is refused
  if (/[\u0000-\u001f\u007f\u2028\u2029]/.test(name)) return `a job's name may not hold control characters`;
  if (!name.isWellFormed()) return `a job's name must be valid Unicode (no half of a surrogate pair)`;
  return null;
}

/** The key at which the Batchy that teams know keeps the copy of a batch. `id` is a batch id or `<epoch>-init`. */
export function copyKey(workflow: string, id: string): string {
  return `${workflow}-${id}`;
}

/** A hostile name quoted for a message: short, printable, on one line. */
export function quoteBriefly(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(short);
}

/** Whether it is an http or https URL. */
export function isWebUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}
