import { BatchyError, type ErrorPlace } from './errors.ts';
import type { JobExecution, JobParameters } from './execution.ts';
import type { JobDefinition } from './job.ts';
import type { Json } from './json.ts';
import { readGivenParameters } from './parameters.ts';
import { escapePointer } from './special-parameters.ts';

/** Where the body of a replay has them. */
const at = '/parameters';

/**
 * The parameters of an execution with others in the place of those that do not identify: what did harm in it (a `break_at`), or
 * ought to be smaller, need not be so in its replay. What identifies says of what the replay is.
 * @param given by the request, as a launch gives them; `undefined` for none
 * @throws BatchyError `invalid-parameters` with a pointer into the body for each that identifies or does not fit
 */
export function changedParameters(
  of: Pick<JobExecution, 'id' | 'parameters' | 'batch'>,
  definition: Pick<JobDefinition, 'parameters' | 'additionalParameters'>,
  given: Json | undefined,
): JobParameters {
  if (given === undefined) return of.parameters;
  const read = readGivenParameters(given, definition, at);
  const refused = [...read].flatMap(([name, { identifying }]): ErrorPlace[] => {
    const problem = problemOf(name, identifying, of);
    return problem === null ? [] : [{ pointer: `${at}/${escapePointer(name)}`, detail: `${name} ${problem}` }];
  });
  if (refused.length > 0)
    throw new BatchyError(
      'invalid-parameters',
      `A replay takes only parameters that do not identify: ${refused.map(({ detail }) => detail).join('; ')}. Nothing was launched.`,
      { places: refused },
    );
  return new Map([
    ...of.parameters,
    ...[...read].map(([name, each]) => [name, { ...each, identifying: false }] as const),
  ]);
}

function problemOf(
  name: string,
  identifying: boolean,
  { id, parameters, batch }: Pick<JobExecution, 'id' | 'parameters' | 'batch'>,
): string | null {
  const before = parameters.get(name);
  if (before?.identifying === true) return `identifies execution ${id}, whose items are replayed`;
  if (batch !== null && name === 'batch_id') return 'is that of a batch, and a replay opens none';
  // Of a bound job only the window identifies, and what its workflow is named by.
  if (before !== undefined || batch !== null || !identifying) return null;
  return `would identify an instance: have the job declare it with identifying: false, or give it as {"value": …, "identifying": false}`;
}

/** Of a replay that is restarted: those that it was given in the place of the original's. */
export function keptParameters(original: JobParameters, replaying: JobParameters): JobParameters {
  // What no launch can name says what is replayed.
  const own = [...replaying].filter(([name, { identifying }]) => !identifying && !name.includes(':'));
  return new Map([...original, ...own]);
}
