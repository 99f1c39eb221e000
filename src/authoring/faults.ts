import type { ItemRetry, SkipPolicy } from '../runner/step-body.ts';
import { describe, isRecord, Options, pointerTo, type Problems } from './options.ts';

/** An error's class, or its name (`error.name`) where the class is not at hand. A class counts for its subclasses. */
// eslint-disable-next-line typescript/no-explicit-any -- what a constructor of errors takes is nobody's business here
export type ErrorClass = string | (abstract new (...arguments_: any[]) => unknown);

interface ErrorChoice {
  /** Only these; every error if not said. */
  readonly errors?: readonly ErrorClass[];
  /** But not these. */
  readonly except?: readonly ErrorClass[];
}

export interface SkipOptions extends ErrorChoice {
  /** How many items may be left out in the step; one more fails it. */
  readonly limit: number;
}

export interface ItemRetryOptions extends ErrorChoice {
  /** Attempts in all at one read, process or write. */
  readonly limit: number;
  /** Seconds before the next attempt: 0. Doubled with each, up to 300 s, and shortened at random by up to a half. */
  readonly delay?: number;
}

/** No item may be left out: its error fails the step. What holds where nothing is said. */
export const Never: SkipPolicy = { limit: 0, isSkippable: () => false };

/** Any number of items may be left out, whatever their errors. */
export const Always: SkipPolicy = { limit: Number.POSITIVE_INFINITY, isSkippable: () => true };

/** As many items may be left out as `limit` says, with the errors chosen. */
export function LimitChecking(limit: number, choice: ErrorChoice = {}): SkipPolicy {
  return { limit, isSkippable: chooser(choice) };
}

const choiceNames = ['limit', 'errors', 'except'] as const;

/** @param value a policy, the options of one, or `undefined` for never */
export function readSkip(value: unknown, problems: Problems): SkipPolicy {
  if (value === undefined) return Never;
  if (isSkipPolicy(value)) {
    // A policy of the author's own may well allow any number.
    if (value.limit >= 0) return value;
    problems.push({ pointer: '/skip/limit', detail: `must be at least 0, but it is ${describe(value.limit)}` });
    return Never;
  }
  const options = new Options(value, '/skip', 'skip', choiceNames, problems);
  if (isRecord(value) && value['limit'] === undefined)
    problems.push({ pointer: '/skip/limit', detail: 'limit is missing: how many items may be left out' });
  return LimitChecking(options.number('limit', 0), readChoice(value, '/skip', problems));
}

/** @param value options, or `undefined` for one attempt only */
export function readItemRetry(value: unknown, problems: Problems): ItemRetry {
  if (value === undefined) return { limit: 1, isRetryable: () => false, delaySeconds: 0 };
  const options = new Options(value, '/retry', 'retry', [...choiceNames, 'delay'], problems);
  if (isRecord(value) && value['limit'] === undefined)
    problems.push({ pointer: '/retry/limit', detail: 'limit is missing: how many attempts there are in all' });
  return {
    limit: options.number('limit', 1, { atLeast: 1 }),
    isRetryable: chooser(readChoice(value, '/retry', problems)),
    delaySeconds: options.number('delay', 0, { fraction: true }),
  };
}

function isSkipPolicy(value: unknown): value is SkipPolicy {
  return isRecord(value) && typeof value['isSkippable'] === 'function' && typeof value['limit'] === 'number';
}

function readChoice(value: unknown, pointer: string, problems: Problems): ErrorChoice {
  if (!isRecord(value)) return {};
  const errors = readClasses(value['errors'], pointerTo(pointer, 'errors'), problems);
  const except = readClasses(value['except'], pointerTo(pointer, 'except'), problems);
  return { ...(errors === undefined ? {} : { errors }), ...(except === undefined ? {} : { except }) };
}

function readClasses(value: unknown, pointer: string, problems: Problems): readonly ErrorClass[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'function'))
    return value;
  problems.push({ pointer, detail: 'must be a list of error classes, or of their names' });
  return undefined;
}

function chooser({ errors, except = [] }: ErrorChoice): (error: unknown) => boolean {
  return (error) =>
    (errors === undefined || errors.some((known) => isOf(error, known))) && !except.some((known) => isOf(error, known));
}

function isOf(error: unknown, known: ErrorClass): boolean {
  if (typeof known !== 'string') return error instanceof known;
  return isRecord(error) && error['name'] === known;
}
