import type { FlowInput, Provision, TaskDeclaration } from '../domain/flow.ts';
import type { FlowTaskBody, RevertContext } from '../runner/flow-body.ts';
import type { StepContext } from '../runner/step-context.ts';
import { destructuredNames } from './destructured-names.ts';
import { describe, isRecord, Options, type Problems } from './options.ts';

// eslint-disable-next-line typescript/no-explicit-any -- names are checked; what a store holds nobody knows
type Values<Names extends string> = { readonly [Name in Names]: any };

/** A task of a flow. Values go from one to the next by their names. */
export interface TaskOptions<
  Required extends string = string,
  Optional extends string = never,
  Rebound extends string = never,
  Injected extends object = object,
> {
  /**
   * What `execute` must be given. If not said, what it destructures from its parameter without a default:
   * `({ size, port = 8080 }) => …` requires `size`.
   */
  readonly requires?: readonly Required[];
  /** What it is given if it is there; goes with `requires`. If neither is said, what it destructures with a default. */
  readonly optional?: readonly Optional[];
  /** Under which name its result can be had: the whole; or its parts, by position (a list) or by key (an object, key to name). */
  readonly provides?: string | readonly string[] | Readonly<Record<string, string>>;
  /** Arguments that take a value of another name: argument to name of the value. */
  readonly rebind?: Readonly<Record<Rebound, string>>;
  /** Arguments whose values are said here; nothing else is asked for them. */
  readonly inject?: Injected;
  readonly execute: (
    values: Values<Required | Rebound> & Partial<Values<Optional>> & Injected,
    ctx: StepContext,
  ) => unknown;
  /** Undoes what `execute` did, or began to do. Without it there is nothing to undo. */
  readonly revert?: (given: RevertContext, ctx: StepContext) => unknown;
}

const taskOptionNames = [
  'requires',
  'optional',
  'provides',
  'rebind',
  'inject',
  'execute',
  'revert',
] as const satisfies readonly (keyof TaskOptions)[];

/** A task as it was written, to be put into a flow. */
export interface DeclaredTask {
  readonly declaration: TaskDeclaration;
  readonly bodies: ReadonlyMap<string, FlowTaskBody>;
  /** What is wrong with it, places seen from the task. */
  readonly problems: Problems;
}

/**
 * A task of a flow: `execute` does something, `revert` undoes it.
 * @param name of all tasks and flows in the whole flow: who goes on after a crash knows it by that
 */
export function task<
  Required extends string = string,
  Optional extends string = never,
  Rebound extends string = never,
  Injected extends object = object,
>(name: string, options: TaskOptions<Required, Optional, Rebound, Injected>): DeclaredTask {
  const problems: Problems = [];
  const read = new Options(options, '', `task ${describe(name)}`, taskOptionNames, problems);
  const execute = readFunction(read, 'execute', problems);
  const revert = read.raw('revert') === undefined ? null : readFunction(read, 'revert', problems);
  const inject = read.raw('inject') ?? {};
  if (!isRecord(inject))
    problems.push({ pointer: '/inject', detail: `must be an object of arguments, but it is ${describe(inject)}` });
  if (execute === null && read.raw('execute') === undefined)
    problems.push({ pointer: '/execute', detail: 'execute is missing: what the task does' });
  const given: unknown = name;
  if (typeof given !== 'string')
    problems.push({ pointer: '/name', detail: `a task's name must be a text, but it is ${describe(given)}` });
  const declaration: TaskDeclaration = {
    kind: 'task',
    name: String(given),
    inputs: readInputs(read, execute, problems).filter(({ argument }) => !Object.hasOwn(inject, argument)),
    inject: isRecord(inject) ? inject : {},
    provides: readProvision(read, problems),
    hasRevert: revert !== null,
  };
  const body: FlowTaskBody = { execute: execute ?? (() => null), revert };
  return { declaration, bodies: new Map([[declaration.name, body]]), problems };
}

type AnyFunction = (given: never) => unknown;

function readFunction(
  options: Options,
  key: 'execute' | 'revert',
  problems: Problems,
): ((given: unknown) => unknown) | null {
  const value = options.raw(key);
  if (typeof value === 'function') return value as (given: unknown) => unknown;
  if (value !== undefined)
    problems.push({ pointer: `/${key}`, detail: `must be a function, but it is ${describe(value)}` });
  return null;
}

function readInputs(options: Options, execute: AnyFunction | null, problems: Problems): Omit<FlowInput, 'provider'>[] {
  const requires = options.texts('requires');
  const optional = options.texts('optional');
  const rebind = options.textMap('rebind');
  const isTold = requires !== null || optional !== null;
  const found = isTold || execute === null ? null : destructuredNames(execute);
  if (!isTold && execute !== null && found === null)
    problems.push({
      pointer: '/requires',
      detail: `what execute takes cannot be read from its source; say it: requires: ['size', …], or [] for nothing`,
    });
  const byArgument = new Map<string, boolean>();
  for (const argument of optional ?? found?.optional ?? []) byArgument.set(argument, true);
  for (const argument of Object.keys(rebind)) if (!byArgument.has(argument)) byArgument.set(argument, false);
  for (const argument of requires ?? found?.required ?? []) byArgument.set(argument, false);
  return [...byArgument].map(([argument, isOptional]) => ({
    argument,
    value: (Object.hasOwn(rebind, argument) ? rebind[argument] : undefined) ?? argument,
    optional: isOptional,
  }));
}

function readProvision(options: Options, problems: Problems): Provision {
  const value = options.raw('provides');
  if (value === undefined) return { kind: 'nothing' };
  if (typeof value === 'string') return { kind: 'whole', name: options.requiredText('provides') };
  const provision: Provision = Array.isArray(value)
    ? { kind: 'positions', names: options.texts('provides') ?? [] }
    : { kind: 'keys', names: options.textMap('provides') };
  const names = provision.kind === 'positions' ? provision.names : Object.values(provision.names);
  const repeated = names.find((name, place) => names.indexOf(name) !== place);
  if (repeated !== undefined)
    problems.push({ pointer: '/provides', detail: `two parts of the result have the name ${describe(repeated)}` });
  return provision;
}
