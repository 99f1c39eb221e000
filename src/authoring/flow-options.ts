import { runIdParameter, windowParameters } from '../domain/given-parameters.ts';
import { checkJobDefinition } from '../domain/job-check.ts';
import type { JobDefinition, ParameterSchema } from '../domain/job.ts';
import { templateNames } from '../domain/template.ts';
import type { JobOptions } from './define-job.ts';
import { destructuredNames } from './destructured-names.ts';
import { readJobBasics, unusableJob } from './job-basics.ts';
import { describe, Options, type Problems } from './options.ts';

/** What may be said of a flow that can be posted. Times are in seconds. */
export interface FlowJobOptions extends Pick<
  JobOptions,
  | 'description'
  | 'workflow'
  | 'jobs'
  | 'parameters'
  | 'restartable'
  | 'maxConcurrent'
  | 'maxRunning'
  | 'queue'
  | 'priority'
  | 'timeout'
  | 'onOwnerLost'
  | 'maxTakeovers'
  | 'capabilities'
> {
  /** `false`: launches with the same parameters are of one instance. If not said each is an instance of its own, unless a workflow's window is. */
  readonly newInstancePerLaunch?: boolean;
  /** Tasks of one execution at a time; as many as are ready if not said. */
  readonly maxProcs?: number;
}

const flowOptionNames = [
  'description',
  'workflow',
  'jobs',
  'parameters',
  'restartable',
  'newInstancePerLaunch',
  'maxConcurrent',
  'maxRunning',
  'queue',
  'priority',
  'maxProcs',
  'timeout',
  'onOwnerLost',
  'maxTakeovers',
  'capabilities',
] as const satisfies readonly (keyof FlowJobOptions)[];

/**
 * The definition of a flow that is launched like a job: no steps, and what was posted beyond its parameters is its store. Parameters that
 * are not said are those that the factory destructures, required where they have no default.
 * @throws BatchyError `invalid-job` with all that is wrong, each with a JSON pointer into the options, or `/name`, `/factory`
 */
export function readFlowDefinition(name: unknown, factory: unknown, given: unknown): JobDefinition {
  const problems: Problems = [];
  const options = new Options(given, '', 'a flow', flowOptionNames, problems);
  if (typeof name !== 'string')
    problems.push({ pointer: '/name', detail: `a flow's name must be a text, but it is ${describe(name)}` });
  if (typeof factory !== 'function')
    problems.push({
      pointer: '/factory',
      detail: `must be a function that makes the flow, but it is ${describe(factory)}`,
    });
  const basics = readJobBasics(options, problems);
  const { bond } = basics;
  const newInstancePerLaunch = options.flag('newInstancePerLaunch', bond === null);
  const maxProcs = options.number('maxProcs', null, { atLeast: 1 });
  const definition: JobDefinition = {
    ...basics,
    name: String(name),
    parameters:
      options.raw('parameters') === undefined && typeof factory === 'function'
        ? parametersOf(factory as (given: never) => unknown, bond)
        : basics.parameters,
    additionalParameters: true,
    steps: [],
    refuseIfComplete: false,
    newInstancePerLaunch,
    ...(maxProcs === null ? {} : { maxProcs }),
    onFailure: 'stop',
    isFlow: true,
  };
  // What is wrong with a value is told once: a name that is missing is not a bad name, too.
  const known = new Set(problems.map(({ pointer }) => pointer));
  problems.push(...checkJobDefinition(definition).filter(({ pointer }) => !known.has(pointer)));
  if (problems.length > 0) throw unusableJob('flow', definition.name, problems);
  return definition;
}

/** What the launch itself gives is nobody's to declare; beside a window only what names the workflow identifies. */
function parametersOf(factory: (given: never) => unknown, bond: JobDefinition['bond']): ParameterSchema {
  const found = destructuredNames(factory);
  const inName = bond === null ? [] : templateNames(bond.workflow);
  const givenAnyway = bond === null ? [runIdParameter] : windowParameters;
  const declare = (names: readonly string[], required: boolean) =>
    names
      .filter((name) => !givenAnyway.includes(name))
      .map((name) => {
        const identifying = bond === null || inName.includes(name);
        return [name, { type: null, required, identifying, description: null }] as const;
      });
  return new Map(found === null ? [] : [...declare(found.required, true), ...declare(found.optional, false)]);
}
