import type { StepDecision, StepDefinition, StepRetry } from '../domain/job.ts';
import { defaultRetry } from '../domain/job.ts';
import type { StepBody } from '../runner/step-body.ts';
import type { StepContext as RunningStepContext } from '../runner/step-context.ts';
import { describe, isRecord, Options, type Problems } from './options.ts';
import type { AnyParameters } from './parameters.ts';

/** What a step is given, with the types of its job's parameters where they are known: `StepContext<ParametersOf<typeof parameters>>`. */
export interface StepContext<Parameters = AnyParameters> extends Omit<RunningStepContext, 'parameters'> {
  readonly parameters: Parameters;
}

/** What every kind of step may be told. Times are in seconds. */
export interface StepOptions {
  /** Steps that must be completed before; without it, the step comes after the one before it. `[]`: at once. */
  readonly dependsOn?: readonly string[];
  /**
   * What follows which exit code: the name of a step, or an end. `*` in a code stands for any text, `?` for one character; the
   * first that fits decides.
   */
  readonly on?: Readonly<Record<string, string | { readonly end: 'COMPLETED' | 'FAILED' | 'STOPPED' }>>;
  /** Further attempts after the first: 0. */
  readonly maxRetries?: number;
  /** Seconds before a further attempt: 1. */
  readonly retryDelay?: number;
  /**
   * `exponential` doubles the delay with each attempt, up to 300 s, and shortens each at random by up to a half. `fixed` (every delay as it
   * was said) if not said.
   */
  readonly backoff?: 'fixed' | 'exponential';
  /**
   * Seconds after which `ctx.signal` is aborted and the attempt has failed. A task that goes on is left behind and not tried again; a chunk
   * step is waited for as long as it writes.
   */
  readonly timeout?: number;
  /** Runs again in a restart although it was completed. */
  readonly allowStartIfComplete?: boolean;
  /** How often it may be started in one instance. */
  readonly startLimit?: number;
  /** What the machine that runs the job must have for it, by the names that `cfg/capabilities` defines. */
  readonly capabilities?: readonly string[];
  /**
   * It may run on another machine than the rest of its job, beside other steps: on any conductor that has its `capabilities`, which the
   * machine of the rest need not have then.
   */
  readonly distributed?: boolean;
}

export const stepOptionNames = [
  'dependsOn',
  'on',
  'maxRetries',
  'retryDelay',
  'backoff',
  'timeout',
  'allowStartIfComplete',
  'startLimit',
  'capabilities',
  'distributed',
] as const satisfies readonly (keyof StepOptions)[];

/** A step as it was written, to be put into a job by `defineJob`. */
export interface DeclaredStep {
  /** Its `dependsOn` is `null` where the order of the steps decides. */
  readonly definition: Omit<StepDefinition, 'dependsOn'> & { readonly dependsOn: readonly string[] | null };
  readonly body: StepBody;
  /** Names that its texts take as `{{name}}`. */
  readonly templateNames: readonly string[];
  /** What is wrong with it, places seen from the step. */
  readonly problems: Problems;
}

/**
 * A step that runs a function. A result that is a text becomes the step's exit code; a throw fails the step.
 * @param run gets parameters, context, logger and a signal that is aborted when it should end
 */
export function step<Parameters = AnyParameters>(
  name: string,
  run: (ctx: StepContext<Parameters>) => unknown,
  options: StepOptions = {},
): DeclaredStep {
  const problems: Problems = [];
  if (typeof run !== 'function')
    problems.push({ pointer: '/run', detail: `the step's work must be a function, but it is ${describe(run)}` });
  const read = new Options(options, '', `step ${describe(name)}`, stepOptionNames, problems);
  return declareStep(name, read, { kind: 'task', run: run as (ctx: RunningStepContext) => unknown }, problems);
}

/** The part that all kinds of steps have in common. */
export function declareStep(
  name: unknown,
  options: Options,
  body: StepBody,
  problems: Problems,
  templateNames: readonly string[] = [],
): DeclaredStep {
  if (typeof name !== 'string')
    problems.push({ pointer: '/name', detail: `a step's name must be a text, but it is ${describe(name)}` });
  const capabilities = options.texts('capabilities') ?? [];
  return {
    definition: {
      name: String(name),
      kind: body.kind,
      dependsOn: options.texts('dependsOn'),
      on: readDecisions(options),
      retry: readRetry(options),
      timeoutSeconds: options.seconds('timeout'),
      allowStartIfComplete: options.flag('allowStartIfComplete', false),
      startLimit: options.number('startLimit', null, { atLeast: 1 }),
      ...(capabilities.length === 0 ? {} : { capabilities }),
      ...(options.flag('distributed', false) ? { distributed: true } : {}),
    },
    body,
    templateNames,
    problems,
  };
}

function readRetry(options: Options): StepRetry {
  return {
    maxRetries: options.number('maxRetries', defaultRetry.maxRetries),
    delaySeconds: options.number('retryDelay', defaultRetry.delaySeconds, { fraction: true }),
    backoff: options.oneOf('backoff', ['fixed', 'exponential'], defaultRetry.backoff),
  };
}

const ends = ['COMPLETED', 'FAILED', 'STOPPED'] as const;

function readDecisions(options: Options): StepDecision[] {
  const value = options.raw('on') ?? {};
  if (!isRecord(value)) {
    options.addAt(['on'], `must map exit codes to what follows, but it is ${describe(value)}`);
    return [];
  }
  return Object.entries(value).flatMap(([exitCode, to]): StepDecision[] => {
    if (typeof to === 'string') return [{ exitCode, to: { step: to } }];
    const end = isRecord(to) && Object.keys(to).length === 1 ? ends.find((known) => known === to['end']) : undefined;
    if (end !== undefined) return [{ exitCode, to: { end } }];
    options.addAt(
      ['on', exitCode],
      `must be the name of a step, or {end: ${ends.join(' | ')}}, but it is ${describe(to)}`,
    );
    return [];
  });
}

/** Whether something in a job's list of steps came from one of the functions that declare them. */
export function isDeclaredStep(value: unknown): value is DeclaredStep {
  return (
    isRecord(value) && isRecord(value['definition']) && isRecord(value['body']) && Array.isArray(value['problems'])
  );
}
