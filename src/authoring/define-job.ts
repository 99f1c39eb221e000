import type { ErrorPlace } from '../domain/errors.ts';
import type { JobDefinition, StepDefinition } from '../domain/job.ts';
import { windowParameters } from '../domain/given-parameters.ts';
import { checkJobDefinition } from '../domain/job-check.ts';
import { maySetContext } from '../domain/template.ts';
import type { RunnableJob } from '../runner/job.ts';
import { readJobBasics, unusableJob } from './job-basics.ts';
import { describe, Options, type Problems } from './options.ts';
import type { ParameterSchemaOptions } from './parameters.ts';
import { type DeclaredStep, isDeclaredStep } from './step.ts';

/** A job as an author writes it. Times are in seconds. */
export interface JobOptions {
  /** Of all jobs on the store; 1 to 128 letters, digits, `_`, `.` or `-`. */
  readonly name: string;
  /** For people. */
  readonly description?: string;
  /**
   * The workflow whose window a launch loads: it opens its batch, and its end closes or fails it. The name may hold parameters:
   * `orders-{{region}}` is one watermark for each region.
   */
  readonly workflow?: string;
  /** Of the workflow; all if not said. */
  readonly jobs?: readonly string[];
  /** By their names. */
  readonly parameters?: ParameterSchemaOptions;
  /** `false`: a launch may give only parameters that are declared. */
  readonly additionalParameters?: boolean;
  /** Each after the one before it, unless its `dependsOn` says otherwise. */
  readonly steps: readonly DeclaredStep[];
  /** `false`: an instance that has failed or stopped may not be launched again. */
  readonly restartable?: boolean;
  /** A launch of an instance that is complete is refused, rather than completed at once. */
  readonly refuseIfComplete?: boolean;
  /** Each launch is an instance of its own, by an identifying `run_id`. Not together with a workflow. */
  readonly newInstancePerLaunch?: boolean;
  /** Executions of this job at a time, those that wait among them: a further launch is refused. */
  readonly maxConcurrent?: number;
  /** Executions of it that run at a time, on all machines: further ones wait for a place. */
  readonly maxRunning?: number;
  /** The queue in which its executions wait: at most 60 letters, digits, `_`, `.` or `-`, not `all`; `default` if not said. */
  readonly queue?: string;
  /** Which of a queue's executions are begun first, where their launch does not say; `normal` if not said. */
  readonly priority?: 'very_high' | 'high' | 'normal' | 'low' | 'very_low';
  /** Seconds from the first start of an execution, after which it is FAILED; no limit if not said. */
  readonly timeout?: number;
  /** `stop` (if not said) lets running branches finish after a failed step, `continue` starts other branches, too. */
  readonly onFailure?: 'stop' | 'continue';
  /** When the process that runs it is gone: another goes on (`resume`, if not said), or it fails at once. */
  readonly onOwnerLost?: 'resume' | 'fail';
  /** How often another process goes on with one execution: 3. */
  readonly maxTakeovers?: number;
  /** What the machine that runs it must have, by the names that `cfg/capabilities` defines. In this order they are asked. */
  readonly capabilities?: readonly string[];
}

const jobOptionNames = [
  'name',
  'description',
  'workflow',
  'jobs',
  'parameters',
  'additionalParameters',
  'steps',
  'restartable',
  'refuseIfComplete',
  'newInstancePerLaunch',
  'maxConcurrent',
  'maxRunning',
  'queue',
  'priority',
  'timeout',
  'onFailure',
  'onOwnerLost',
  'maxTakeovers',
  'capabilities',
] as const satisfies readonly (keyof JobOptions)[];

/**
 * Makes a job of steps. Everything is checked here, so that a mistake shows when the file is loaded, not in the night.
 * @throws BatchyError `invalid-job` with all that is wrong, each with a JSON pointer into the options
 */
export function defineJob(job: JobOptions): RunnableJob {
  const problems: Problems = [];
  const options = new Options(job, '', 'a job', jobOptionNames, problems);
  const steps = readSteps(options.raw('steps'), options, problems);
  const definition = readDefinition(options, steps, problems);
  problems.push(...unknownNames(definition));
  // What is wrong with a value is told once: a name that is missing is not a bad name, too.
  const known = new Set(problems.map(({ pointer }) => pointer));
  problems.push(...checkJobDefinition(definition).filter(({ pointer }) => !known.has(pointer)));
  if (problems.length > 0) throw unusableJob('job', definition.name, problems);
  return { definition, bodies: new Map(steps.map((step) => [step.definition.name, step.body])) };
}

function readDefinition(options: Options, steps: readonly DeclaredStep[], problems: Problems): JobDefinition {
  return {
    name: options.requiredText('name'),
    ...readJobBasics(options, problems),
    additionalParameters: options.flag('additionalParameters', true),
    steps: orderedSteps(steps),
    refuseIfComplete: options.flag('refuseIfComplete', false),
    newInstancePerLaunch: options.flag('newInstancePerLaunch', false),
    onFailure: options.oneOf('onFailure', ['stop', 'continue'], 'stop'),
  };
}

function readSteps(value: unknown, options: Options, problems: Problems): DeclaredStep[] {
  if (!Array.isArray(value)) {
    options.addAt(['steps'], `must be a list of steps, but it is ${describe(value)}`);
    return [];
  }
  return value.flatMap((step: unknown, index): DeclaredStep[] => {
    if (isDeclaredStep(step)) {
      for (const { pointer, detail } of step.problems) problems.push({ pointer: `/steps/${index}${pointer}`, detail });
      return [step];
    }
    options.addAt(
      ['steps', index],
      `must be made by step, chunkStep, shellStep, httpStep, waitStep or partitionedStep`,
    );
    return [];
  });
}

/**
 * A step that does not say otherwise comes after the one before it. One that a decision leads to needs nothing else: it runs
 * when the decision does, be it after a failure.
 */
function orderedSteps(steps: readonly DeclaredStep[]): StepDefinition[] {
  const targets = new Set(
    steps.flatMap(({ definition }) => definition.on.flatMap(({ to }) => ('step' in to ? [to.step] : []))),
  );
  return steps.map(({ definition, templateNames }, index) => {
    const before = targets.has(definition.name) ? [] : steps.slice(Math.max(0, index - 1), index);
    return {
      ...definition,
      dependsOn: definition.dependsOn ?? before.map((other) => other.definition.name),
      ...(templateNames.length === 0 ? {} : { templateNames: [...new Set(templateNames)] }),
    };
  });
}

/** Names that no launch could give: only declared parameters are accepted, and no step has code that could set a value. */
function unknownNames(definition: JobDefinition): ErrorPlace[] {
  if (definition.additionalParameters) return [];
  const known = [...definition.parameters.keys(), ...(definition.bond === null ? [] : windowParameters)];
  if (definition.steps.some(maySetContext)) return [];
  return definition.steps.flatMap((step, index) =>
    (step.templateNames ?? [])
      .filter((name) => !known.includes(name))
      .map((name) => ({
        pointer: `/steps/${index}`,
        detail: `takes {{${name}}}, which is no parameter of this job; it has ${known.join(', ') || 'none'}`,
      })),
  );
}
