import { quoteBriefly } from '../domain/names.ts';

/** Variables by name, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** `null` where there is no variable of that name; an empty one is there. */
export function variableOf(environment: Environment, name: string): string | null {
  return Object.hasOwn(environment, name) ? (environment[name] ?? null) : null;
}

const opening = '$ENV{';
const reference = /\$ENV\{([^{}]*)\}/g;
/** As many bytes as Linux accepts in one argument of a program (`MAX_ARG_STRLEN`); longer values are some mistake. */
const longest = 131_072;

/**
 * Puts the values of variables in the place of `$ENV{NAME}`. What is put in is never read again.
 * @param refuse is told each variable that is not set, and what else is wrong
 * @returns `null` where something was
 */
export function resolveReferences(
  text: string,
  environment: Environment,
  refuse: (detail: string) => void,
): string | null {
  if (!text.includes(opening)) return text;
  const names = [...text.matchAll(reference)].map(([, name = '']) => name);
  const values = names.map((name) => variableOf(environment, name));
  const unset = new Set(names.filter((_name, index) => values[index] === null));
  for (const name of unset) refuse(unsetProblem(name));
  const isMalformed = text.replaceAll(reference, '').includes(opening);
  if (isMalformed) refuse(`${quoteBriefly(text)} holds a ${opening} without its }`);
  const length = values.reduce((sum, value) => sum + (value ?? '').length, text.length);
  if (length > longest) refuse(`with its variables it is longer than ${longest} characters`);
  if (unset.size > 0 || isMalformed || length > longest) return null;
  return text.replaceAll(reference, (_all, name: string) => variableOf(environment, name) ?? '');
}

function unsetProblem(name: string): string {
  if (name === '') return `${opening}} names no variable`;
  return `${opening}${brief(name)}} is not set: set ${brief(name)} in the environment or in the app_profile`;
}

/** Quoted only where it could not be told from what stands around it. */
function brief(name: string): string {
  return /^\w{1,60}$/.test(name) ? name : quoteBriefly(name);
}
