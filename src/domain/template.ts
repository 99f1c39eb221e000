import { windowParameters } from './given-parameters.ts';
import type { JobDefinition, StepDefinition } from './job.ts';
import { quoteBriefly } from './names.ts';

/**
 * Texts of steps that hold `{{name}}`: a parameter of the launch or a value of the context. What is put in is never read
 * again, so a value that itself holds `{{` stays as it is, and the whole is one argument whatever the value holds.
 */
const reference = /\{\{\s*([^{}\s]+)\s*\}\}/g;
const opening = '{{';

/** The names that a text takes, each once, in their order. */
export function templateNames(text: string): string[] {
  return [...new Set([...text.matchAll(reference)].map((match) => match[1] ?? ''))];
}

/** What is wrong with how a text is written (`{{` without a name or without its `}}`), or `null`. */
export function templateProblem(text: string): string | null {
  const rest = text.replaceAll(reference, '');
  const at = rest.indexOf(opening);
  return at === -1 ? null : `${quoteBriefly(rest.slice(at))} is no {{name}}: a name without spaces between {{ and }}`;
}

/**
 * Puts the values in.
 * @param valueOf `undefined` where there is none of that name
 * @throws Error naming what is not there
 */
export function renderTemplate(text: string, valueOf: (name: string) => unknown): string {
  const missing = templateNames(text).filter((name) => valueOf(name) === undefined);
  if (missing.length > 0)
    throw new Error(
      `${quoteBriefly(text)} takes ${missing.map((name) => `{{${name}}}`).join(', ')}, but there is neither a parameter nor a context value of that name.`,
    );
  return text.replaceAll(reference, (_all, name: string) => valueText(valueOf(name)));
}

/** Texts as they are; everything else as its JSON. */
function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

/**
 * Where a name's value is found: among the parameters first, so that no step can put something else in the place of what was
 * launched; then in the context.
 */
export function templateValues(ctx: {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly context: { has(key: string): boolean; get(key: string): unknown };
}): (name: string) => unknown {
  return (name) => {
    if (Object.hasOwn(ctx.parameters, name)) return ctx.parameters[name];
    return ctx.context.has(name) ? ctx.context.get(name) : undefined;
  };
}

/**
 * Names that no step of this launch will find: neither parameters, nor could a step put them into the context, since the job
 * has no step with code of its own. A launch that would meet one is refused before anything is stored.
 * @param given the launch's parameters, defaults filled in
 */
export function unknownTemplateNames(definition: JobDefinition, given: Iterable<string>): string[] {
  if (definition.steps.some(maySetContext)) return [];
  const known = new Set([...given, ...(definition.bond === null ? [] : windowParameters)]);
  const wanted = new Set(definition.steps.flatMap((step) => step.templateNames ?? []));
  return [...wanted].filter((name) => !known.has(name));
}

/** Whether the step has code of its author's, which may put values into the context. */
export function maySetContext({ kind, withoutCode }: StepDefinition): boolean {
  return withoutCode !== true && ['task', 'chunk', 'partition', 'worker'].includes(kind);
}
