import { findCycles } from './cycles.ts';
import type { ErrorPlace } from './errors.ts';
import type { StepDefinition } from './job.ts';
import { quoteBriefly } from './names.ts';
import { countFrom, delay, timeout } from './number-range.ts';

/** Job names: parts of addresses, of file names and of documents' ids; `:` divides those ids. */
const jobNamePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** Step names may be told in words: `load orders`. A space at the end would be lost in many a place. */
const stepNamePattern = /^[A-Za-z0-9_](?:[A-Za-z0-9._ -]{0,126}[A-Za-z0-9._-])?$/;

/** What is wrong with the name of a job definition, or `null`. */
export function jobDefinitionNameProblem(name: string): string | null {
  // Programs that copy jobs into an object of theirs, by name, would change what that object is.
  if (name === '__proto__') return 'no job may be called __proto__';
  if (jobNamePattern.test(name)) return null;
  return `${quoteBriefly(name)} is no job name: use 1 to 128 letters, digits, '_', '.' or '-', beginning with a letter, a digit or '_'`;
}

/** What is wrong with the name of a step, or `null`. */
export function stepNameProblem(name: string): string | null {
  if (stepNamePattern.test(name)) return null;
  return `${quoteBriefly(name)} is no step name: use 1 to 128 letters, digits, '_', '.', '-' or spaces, beginning with a letter, a digit or '_', without a space at the end`;
}

/** All that is wrong with the steps of a job. Pointers begin at the job: `/steps/2/dependsOn/0`. */
export function checkSteps(steps: readonly StepDefinition[]): ErrorPlace[] {
  return checkGraph(steps, stepNameProblem);
}

/** All that keeps steps from being run as a graph; their names may be any. */
export function checkGraph(
  steps: readonly StepDefinition[],
  nameProblem: (name: string) => string | null = () => null,
): ErrorPlace[] {
  if (steps.length === 0) return [{ pointer: '/steps', detail: 'a job needs at least one step' }];
  const first = new Map<string, number>();
  for (const [index, { name }] of steps.entries()) if (!first.has(name)) first.set(name, index);
  return [
    ...steps.flatMap((step, index) => [
      ...checkName(step.name, index, first, nameProblem(step.name)),
      ...checkReferences(step, index, first),
      ...checkNumbers(step, `/steps/${index}`),
    ]),
    ...checkCircles(steps, first),
  ];
}

function checkName(
  name: string,
  index: number,
  first: ReadonlyMap<string, number>,
  problem: string | null,
): ErrorPlace[] {
  const pointer = `/steps/${index}/name`;
  if (problem !== null) return [{ pointer, detail: problem }];
  const earlier = first.get(name);
  if (earlier === index) return [];
  return [{ pointer, detail: `there are two steps ${quoteBriefly(name)}: /steps/${earlier} has the name already` }];
}

function checkReferences(step: StepDefinition, index: number, steps: ReadonlyMap<string, number>): ErrorPlace[] {
  const unknown = (pointer: string, name: string): ErrorPlace[] =>
    steps.has(name)
      ? []
      : [
          {
            pointer,
            detail: `step ${quoteBriefly(step.name)} names ${quoteBriefly(name)}, which is no step of the job`,
          },
        ];
  const patterns = new Set<string>();
  return [
    ...step.dependsOn.flatMap((name, place) => unknown(`/steps/${index}/dependsOn/${place}`, name)),
    ...step.on.flatMap(({ exitCode, to }, place) => {
      const pointer = `/steps/${index}/on/${place}`;
      const repeated = patterns.has(exitCode);
      patterns.add(exitCode);
      return [
        ...(exitCode === '' ? [{ pointer, detail: 'an exit code pattern may not be empty' }] : []),
        ...(repeated
          ? [{ pointer, detail: `exit code ${quoteBriefly(exitCode)} is decided on already; the first decision holds` }]
          : []),
        ...('step' in to ? unknown(pointer, to.step) : []),
      ];
    }),
  ];
}

const atLeastNone = countFrom(0);
const atLeastOne = countFrom(1);

function checkNumbers(step: StepDefinition, at: string): ErrorPlace[] {
  return [
    ...atLeastNone(`${at}/maxRetries`, step.retry.maxRetries),
    ...delay(`${at}/retryDelay`, step.retry.delaySeconds),
    ...timeout(`${at}/timeout`, step.timeoutSeconds),
    ...atLeastOne(`${at}/startLimit`, step.startLimit),
  ];
}

/** Names of a circle that are told before the rest is left out. */
const mostNamed = 12;

function checkCircles(steps: readonly StepDefinition[], first: ReadonlyMap<string, number>): ErrorPlace[] {
  /** By step, who comes after it and where that is said. */
  const followers = steps.map((): number[] => []);
  const saidAt = steps.map((): Map<number, string> => new Map());
  const follow = (from: number | undefined, to: number | undefined, pointer: string): void => {
    if (from === undefined || to === undefined || saidAt[from]?.has(to) === true) return;
    followers[from]?.push(to);
    saidAt[from]?.set(to, pointer);
  };
  for (const [index, { name, dependsOn, on }] of steps.entries()) {
    if (first.get(name) !== index) continue;
    for (const [place, parent] of dependsOn.entries())
      follow(first.get(parent), index, `/steps/${index}/dependsOn/${place}`);
    for (const [place, { to }] of on.entries())
      if ('step' in to) follow(index, first.get(to.step), `/steps/${index}/on/${place}`);
  }
  return findCycles(followers, mostNamed).map(({ nodes, length, from, to }) => ({
    pointer: saidAt[from]?.get(to) ?? '/steps',
    detail: `the steps go round in a circle: ${pathOf(nodes, length, steps)}`,
  }));
}

function pathOf(nodes: readonly number[], length: number, steps: readonly StepDefinition[]): string {
  const names = nodes.map((index) => steps[index]?.name ?? '');
  return [...names, ...(length > names.length ? ['…'] : []), names[0]].join(' → ');
}
