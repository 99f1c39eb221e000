import { BatchyError } from './errors.ts';
import type { JobParameter, JobParameters, OwnedBatch } from './execution.ts';
import { generationParameter } from './instance-number.ts';
import type { JobDefinition, ParameterDefinition, WorkflowBond } from './job.ts';
import { quoteBriefly } from './names.ts';
import { escapePointer } from './special-parameters.ts';
import { templateNames } from './template.ts';
import { floorToMicrosecond, formatInstant, type Instant, parseInstant } from './time.ts';

/** The parameters by which a bound job is told its window. Of these only the window identifies. */

const windowNames = ['from_date', 'to_date'] as const;
const ownNames: ReadonlySet<string> = new Set([...windowNames, 'batch_id']);

/** What a launch of a bound job may name beside what its schema declares: a window of its own, which makes it a backfill. */
export function declaredWithWindow(
  definition: JobDefinition,
): Pick<JobDefinition, 'parameters' | 'additionalParameters'> {
  const window: ParameterDefinition = { type: 'date', required: false, identifying: true, description: null };
  return {
    ...definition,
    parameters: new Map([...definition.parameters, ...windowNames.map((name) => [name, window] as const)]),
  };
}

/**
 * The window that a launch names, or `null`.
 * @throws BatchyError `invalid-parameters` where it is only half a window, or no time
 */
export function namedWindow(parameters: JobParameters): { readonly from: Instant; readonly until: Instant } | null {
  if (parameters.has('batch_id'))
    throw refused('batch_id', 'is given by the batch that the launch opens; leave it out');
  const [from, until] = windowNames.map((name) => parameters.get(name)?.value ?? null);
  if (from === null && until === null) return null;
  return { from: instantOf('from_date', from ?? null), until: instantOf('to_date', until ?? null) };
}

/**
 * A window that a launch names must be one of the past.
 * @throws BatchyError `invalid-parameters`
 */
export function checkNamedWindow({ from, until }: Pick<OwnedBatch, 'from' | 'until'>, now: Instant): void {
  const past = `must not lie in the future; the clock says ${formatInstant(floorToMicrosecond(now))}`;
  if (from > now) throw refused('from_date', past);
  if (from >= until) throw refused('to_date', 'must be later than from_date');
  if (until > now) throw refused('to_date', past);
}

function instantOf(name: string, value: JobParameter['value']): Instant {
  const instant = typeof value === 'string' ? parseInstant(value) : null;
  if (instant === null) throw refused(name, 'must be a time: a backfill names both from_date and to_date');
  return instant;
}

function refused(name: string, what: string): BatchyError {
  return new BatchyError('invalid-parameters', `The parameter ${name} ${what}.`, {
    places: [{ pointer: `/${name}`, detail: `${name} ${what}` }],
  });
}

/**
 * The window is the instance of a bound job. A parameter that would identify beside it must be in the workflow's name, else the
 * success of one value moved the watermark of all; it is never made to identify no more in silence, since a launch with another value
 * would then go on with what this one has left.
 * @throws BatchyError `invalid-parameters`
 */
export function checkIdentifying(given: JobParameters, { workflow }: WorkflowBond): void {
  const allowed = new Set([...ownNames, ...templateNames(workflow), generationParameter]);
  const wrong = [...given].flatMap(([name, { identifying }]) => (identifying && !allowed.has(name) ? [name] : []));
  if (wrong.length === 0) return;
  const [first] = wrong;
  throw new BatchyError(
    'invalid-parameters',
    `The job is bound to workflow ${quoteBriefly(workflow)}, so that only the window identifies, but ${wrong.join(', ')} would as well: the success of one value would move the watermark of all. ` +
      `Declare ${wrong.length === 1 ? 'it' : 'them'} with identifying: false, or send {"${first}": {"value": …, "identifying": false}}; where each value has a watermark of its own, put {{${first}}} into the workflow's name.`,
    {
      places: wrong.map((name) => ({
        pointer: `/${escapePointer(name)}`,
        detail: `${name} identifies, and is not in the workflow's name`,
      })),
    },
  );
}

/** The parameters of an execution that owns a batch: its window identifies it, and what its workflow is named by. */
export function parametersWithWindow(given: JobParameters, batch: OwnedBatch, bond: WorkflowBond): JobParameters {
  const naming = new Set(templateNames(bond.workflow));
  const others = [...given].filter(([name]) => !ownNames.has(name));
  return new Map<string, JobParameter>([
    ...others.map(([name, parameter]): [string, JobParameter] => [
      name,
      { ...parameter, identifying: naming.has(name) },
    ]),
    ['from_date', { type: 'date', value: formatInstant(batch.from), identifying: true }],
    ['to_date', { type: 'date', value: formatInstant(batch.until), identifying: true }],
    ['batch_id', { type: 'integer', value: batch.batchId, identifying: false }],
  ]);
}

/** Of an execution that has a window and opens no batch for it. */
export function withoutBatch(parameters: JobParameters): JobParameters {
  return new Map([...parameters].filter(([name]) => name !== 'batch_id'));
}

/** As they were given, so that the same instance can be launched again. A window that was due is due again. */
export function parametersToRelaunch(parameters: JobParameters, batch: OwnedBatch | null): JobParameters {
  if (batch === null) return parameters;
  const isLeftOut = (name: string): boolean => name === 'batch_id' || (!batch.backfill && ownNames.has(name));
  return new Map([...parameters].filter(([name]) => !isLeftOut(name)));
}
