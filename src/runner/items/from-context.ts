import type { Json } from '../../domain/json.ts';
import type { StepContext } from '../step-context.ts';

/**
 * An option of a reader or a writer: a value, or a function that is asked for it when the step runs (for a path that an
 * earlier step has put into the context, say).
 */
export type FromContext<Value> = Value | ((ctx: StepContext) => Value | Promise<Value>);

/** What the option is for this run. */
export async function valueFromContext<Value>(option: FromContext<Value>, ctx: StepContext): Promise<Value> {
  return typeof option === 'function' ? (option as (ctx: StepContext) => Value | Promise<Value>)(ctx) : option;
}

/**
 * The same for a text that must be there, such as a path: parameters and context values are JSON of any kind.
 * @param what how messages call it: `the path of csvReader`
 * @throws Error naming `what` where it is no text, or an empty one
 */
export async function textFromContext(option: FromContext<Json>, ctx: StepContext, what: string): Promise<string> {
  const value = await valueFromContext(option, ctx);
  if (typeof value === 'string' && value !== '') return value;
  const found = value === '' ? 'an empty text' : value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);
  throw new Error(`${what} must be a text, but it is ${found} in step ${JSON.stringify(ctx.execution.stepName)}.`);
}
