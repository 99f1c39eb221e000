import { checkCapabilities } from './capability.ts';
import type { ErrorPlace } from './errors.ts';
import { matchesPattern } from './exit-code-pattern.ts';
import { runIdParameter, windowParameters } from './given-parameters.ts';
import type { JobDefinition, WorkflowBond } from './job.ts';
import { isWorkflowName, jobNameProblem, quoteBriefly } from './names.ts';
import { countFrom, places, timeout } from './number-range.ts';
import { parameterNameProblem } from './parameter-name.ts';
import { queueNameProblem } from './queue-name.ts';
import { escapePointer } from './special-parameters.ts';
import { checkSteps, jobDefinitionNameProblem } from './step-check.ts';
import { maySetContext, renderTemplate, templateNames } from './template.ts';

/**
 * All that is wrong with the definition of a job, each with a JSON pointer into what its author wrote (`/steps/2/dependsOn/0`);
 * none when it can be run.
 */
export function checkJobDefinition(definition: JobDefinition): ErrorPlace[] {
  const nameProblem = jobDefinitionNameProblem(definition.name);
  return [
    ...(nameProblem === null ? [] : [{ pointer: '/name', detail: nameProblem }]),
    ...checkParameters(definition),
    ...(definition.bond === null ? [] : checkBond(definition, definition.bond)),
    ...checkNumbers(definition),
    ...checkQueue(definition),
    ...checkCapabilities(definition),
    // A flow has none: what its code makes is checked whenever it is made.
    ...(definition.isFlow === true ? [] : checkSteps(definition.steps)),
  ];
}

function checkNumbers(definition: JobDefinition): ErrorPlace[] {
  return [
    ...countFrom(1)('/maxConcurrent', definition.maxConcurrent),
    ...places('/maxRunning', definition.maxRunning ?? null),
    ...countFrom(0)('/maxTakeovers', definition.maxTakeovers),
    ...timeout('/timeout', definition.timeoutSeconds),
  ];
}

function checkQueue({ queue }: JobDefinition): ErrorPlace[] {
  const detail = queue === undefined ? null : queueNameProblem(queue);
  return detail === null ? [] : [{ pointer: '/queue', detail }];
}

function checkParameters({ parameters, newInstancePerLaunch, bond }: JobDefinition): ErrorPlace[] {
  return [...parameters.keys()].flatMap((name) => {
    const pointer = pointerOf(name);
    const problem = parameterNameProblem(name);
    if (problem !== null) return [{ pointer, detail: `${quoteBriefly(name)}: ${problem}` }];
    if (newInstancePerLaunch && name === runIdParameter)
      return [{ pointer, detail: `${name} is given by newInstancePerLaunch; call the parameter something else` }];
    if (bond !== null && windowParameters.includes(name))
      return [{ pointer, detail: `${name} is given by the workflow's window; take it out of the parameters` }];
    return [];
  });
}

function pointerOf(parameter: string): string {
  return `/parameters/${escapePointer(parameter)}`;
}

function checkBond(definition: JobDefinition, bond: WorkflowBond): ErrorPlace[] {
  const inName = templateNames(bond.workflow);
  const places: ErrorPlace[] = [];
  // Whatever the values are, what stands around them must be fit for a name.
  if (!isWorkflowName(renderTemplate(bond.workflow, () => 'x')))
    places.push({
      pointer: '/workflow',
      detail: `${quoteBriefly(bond.workflow)} names no workflow: use letters, digits, '_', '.', '-' and parameters such as {{region}}`,
    });
  for (const name of inName) places.push(...checkNameParameter(definition, name));
  for (const [name, { identifying }] of definition.parameters) {
    if (identifying && !inName.includes(name) && !windowParameters.includes(name))
      places.push({
        pointer: pointerOf(name),
        detail: `${quoteBriefly(name)} identifies, but the window is the instance: the success of one value would move the watermark of all. Say identifying: false, or put {{${name}}} into the workflow's name`,
      });
  }
  if (definition.newInstancePerLaunch)
    places.push({
      pointer: '/newInstancePerLaunch',
      detail: `the window is the instance of a job that is bound to a workflow; take newInstancePerLaunch or workflow away`,
    });
  return [...places, ...checkTakenNames(definition), ...checkBondJobs(bond)];
}

/** What a launch gives undeclared would identify; so what a step takes must be declared, unless another step can put it into the context. */
function checkTakenNames({ parameters, steps }: JobDefinition): ErrorPlace[] {
  if (steps.some(maySetContext)) return [];
  const known = new Set([...parameters.keys(), ...windowParameters]);
  return steps.flatMap(({ name: step, templateNames: taken = [] }, index) =>
    taken
      .filter((name) => !known.has(name))
      .map((name) => ({
        pointer: `/steps/${index}`,
        detail: `step ${quoteBriefly(step)} takes {{${name}}}, which is no declared parameter: declare ${quoteBriefly(name)}, with identifying: false or with {{${name}}} in the workflow's name`,
      })),
  );
}

function checkNameParameter({ parameters }: JobDefinition, name: string): ErrorPlace[] {
  const declared = parameters.get(name);
  if (declared === undefined)
    return [{ pointer: '/workflow', detail: `{{${name}}} is no declared parameter: declare ${quoteBriefly(name)}` }];
  const pointer = pointerOf(name);
  const places: ErrorPlace[] = [];
  if (!declared.required && declared.default === undefined)
    places.push({
      pointer,
      detail: `${quoteBriefly(name)} is in the workflow's name, so it must be required or have a default`,
    });
  if (!declared.identifying)
    places.push({
      pointer,
      detail: `${quoteBriefly(name)} is in the workflow's name, so it identifies: take identifying: false away`,
    });
  return places;
}

function checkBondJobs({ jobs }: WorkflowBond): ErrorPlace[] {
  if (jobs === null) return [];
  if (jobs.length === 0)
    return [{ pointer: '/jobs', detail: 'name at least one job of the workflow, or leave it out' }];
  return jobs.flatMap((job, index) => {
    const problem = jobs.indexOf(job) < index ? `${quoteBriefly(job)} is named twice` : jobNameProblem(job);
    return problem === null ? [] : [{ pointer: `/jobs/${index}`, detail: problem }];
  });
}

/** Two definitions that cannot both be loaded. */
export interface JobConflict {
  /** Places in the list that was given; `first` is the smaller. */
  readonly first: number;
  readonly second: number;
  /** In the second. */
  readonly place: ErrorPlace;
}

/** What is wrong with definitions together: two of one name, two that would move the watermark of one job of a workflow. */
export function checkJobs(definitions: readonly JobDefinition[]): JobConflict[] {
  const conflicts: JobConflict[] = [];
  const named = new Map<string, number>();
  const bound: { index: number; name: string; bond: WorkflowBond }[] = [];
  for (const [second, { name, bond }] of definitions.entries()) {
    const first = named.get(name);
    if (first === undefined) named.set(name, second);
    else
      conflicts.push({
        first,
        second,
        place: { pointer: '/name', detail: `there are two jobs ${quoteBriefly(name)}` },
      });
    if (bond === null) continue;
    const rival = bound.find((other) => other.name !== name && meet(other.bond, bond));
    if (rival !== undefined) conflicts.push({ first: rival.index, second, place: boundTwice(rival, bond) });
    bound.push({ index: second, name, bond });
  }
  return conflicts;
}

function boundTwice(rival: { name: string; bond: WorkflowBond }, bond: WorkflowBond): ErrorPlace {
  const shared = bond.jobs?.find((job) => rival.bond.jobs === null || rival.bond.jobs.includes(job));
  const what = shared === undefined ? '' : `job ${quoteBriefly(shared)} of `;
  return {
    pointer: '/workflow',
    detail: `${what}workflow ${quoteBriefly(bond.workflow)} is loaded by job ${quoteBriefly(rival.name)} already; one job of a workflow has one job that loads it`,
  };
}

function meet(one: WorkflowBond, other: WorkflowBond): boolean {
  const shareJobs =
    one.jobs === null || other.jobs === null || one.jobs.some((job) => other.jobs?.includes(job) === true);
  return shareJobs && mayBeOneWorkflow(one.workflow, other.workflow);
}

/** Whether two names may be one: equal but for their parameters, or one a case of the other. */
function mayBeOneWorkflow(one: string, other: string): boolean {
  const [left, right] = [renderTemplate(one, () => '*'), renderTemplate(other, () => '*')];
  return matchesPattern(left, right) || matchesPattern(right, left);
}
