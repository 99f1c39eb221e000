import { BatchyError } from '../domain/errors.ts';
import { defaultMaxTakeovers, type JobDefinition, type ParameterSchema } from '../domain/job.ts';
import type { Json } from '../domain/json.ts';
import { quoteBriefly } from '../domain/names.ts';
import { readParameterSchema } from '../domain/parameter-schema.ts';
import { defaultPriority, priorities } from '../domain/priority.ts';
import { defaultQueue } from '../domain/work.ts';
import type { Options, Problems } from './options.ts';

/** What is said of every job, be it made of steps or a flow. */
type JobBasics = Pick<
  JobDefinition,
  | 'description'
  | 'bond'
  | 'parameters'
  | 'restartable'
  | 'maxConcurrent'
  | 'maxRunning'
  | 'queue'
  | 'priority'
  | 'timeoutSeconds'
  | 'onOwnerLost'
  | 'maxTakeovers'
  | 'capabilities'
>;

/** Reads what jobs of steps and flows have in common. */
export function readJobBasics(options: Options, problems: Problems): JobBasics {
  const workflow = options.text('workflow');
  const jobs = options.texts('jobs');
  if (jobs !== null && workflow === null) options.addAt(['jobs'], 'names jobs of a workflow, but workflow is missing');
  const capabilities = options.texts('capabilities') ?? [];
  return {
    description: options.text('description'),
    bond: workflow === null ? null : { workflow, jobs },
    parameters: readParameters(options.raw('parameters'), problems),
    restartable: options.flag('restartable', true),
    maxConcurrent: options.number('maxConcurrent', null, { atLeast: 1 }),
    ...readWaiting(options),
    timeoutSeconds: options.seconds('timeout'),
    onOwnerLost: options.oneOf('onOwnerLost', ['resume', 'fail'], 'resume'),
    maxTakeovers: options.number('maxTakeovers', defaultMaxTakeovers),
    ...(capabilities.length === 0 ? {} : { capabilities }),
  };
}

/** How its executions wait. What goes without saying is left out, so that nothing of it is stored with each of them. */
function readWaiting(options: Options): Pick<JobBasics, 'maxRunning' | 'queue' | 'priority'> {
  const maxRunning = options.number('maxRunning', null, { atLeast: 1 });
  const queue = options.text('queue') ?? defaultQueue;
  const priority = options.oneOf('priority', priorities, defaultPriority);
  return {
    ...(maxRunning === null ? {} : { maxRunning }),
    ...(queue === defaultQueue ? {} : { queue }),
    ...(priority === defaultPriority ? {} : { priority }),
  };
}

function readParameters(value: unknown, problems: Problems): ParameterSchema {
  if (value === undefined) return new Map();
  try {
    return readParameterSchema(value as Json, '/parameters');
  } catch (error) {
    if (!(error instanceof BatchyError)) throw error;
    problems.push(...error.places);
    return new Map();
  }
}

/** How many of the problems the one sentence tells; all are in `places`. */
const mostProblemsTold = 20;

/**
 * The refusal of a job that its author has to mend, with all that is wrong.
 * @param how `placeOf`: how the message calls the place of a pointer; `advice`: what to do
 */
export function unusableJob(
  what: 'job' | 'flow',
  name: string,
  problems: Problems,
  {
    placeOf = (pointer) => pointer,
    advice = 'Mend its file; it is read again at once',
  }: { readonly placeOf?: (pointer: string) => string; readonly advice?: string } = {},
): BatchyError {
  const told = problems.slice(0, mostProblemsTold).map(({ pointer, detail }) => {
    const place = placeOf(pointer);
    return place === '' ? detail : `${place}: ${detail}`;
  });
  const more = problems.length > mostProblemsTold ? [`and ${problems.length - mostProblemsTold} more`] : [];
  return new BatchyError(
    'invalid-job',
    `The ${what} ${quoteBriefly(name)} cannot be used: ${[...told, ...more].join('; ')}. ${advice}.`,
    { places: problems },
  );
}
