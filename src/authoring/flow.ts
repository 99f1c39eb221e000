import type { RetryController, ScopeDeclaration, ScopeKind } from '../domain/flow.ts';
import { compileFlow } from '../domain/flow-compile.ts';
import type { Json } from '../domain/json.ts';
import type { FlowTaskBody, RunnableFlow } from '../runner/flow-body.ts';
import type { RunnableJob } from '../runner/job.ts';
import { type FlowJobOptions, readFlowDefinition } from './flow-options.ts';
import type { DeclaredTask } from './flow-task.ts';
import { placeIn } from './flow-places.ts';
import { unusableJob } from './job-basics.ts';
import { describe, isRecord, Options, type Problems } from './options.ts';
import { readController } from './retry-controller.ts';
import type { AnyParameters } from './parameters.ts';

export interface FlowOptions {
  /** What is done when something in the flow fails; if not said, the flow around decides, and the outermost is reverted whole. */
  readonly retry?: RetryController;
}

/** A flow, or a part of one, as it was written. */
export interface DeclaredFlow {
  readonly declaration: ScopeDeclaration;
  readonly bodies: ReadonlyMap<string, FlowTaskBody>;
  /** What is wrong with it, places seen from the flow. */
  readonly problems: Problems;
}

type Child = DeclaredFlow | DeclaredTask;

/** A flow that can be posted by its name, and launched like any job. */
export interface FlowJob extends RunnableJob {
  /**
   * Makes its tasks anew.
   * @param given the parameters of the launch, by name
   * @throws BatchyError `invalid-job` with all that is wrong, each with a JSON pointer into the flow (`/children/1/provides`)
   */
  readonly buildFlow: (given?: AnyParameters) => RunnableFlow;
}

/**
 * A flow that can be posted by its name.
 * @param factory makes the flow of the parameters that were posted. It is called whenever a runner picks the flow up, so that it goes
 *   on with the code as it is then; tasks are matched by their names
 * @throws BatchyError `invalid-job` with all that is wrong with the name and the options
 */
export function defineFlow<Arguments extends object = AnyParameters>(
  name: string,
  factory: (given: Arguments) => DeclaredFlow,
  options: FlowJobOptions = {},
): FlowJob {
  return {
    definition: readFlowDefinition(name, factory, options),
    bodies: new Map(),
    buildFlow(given = {}) {
      const made: unknown = factory(given as Arguments);
      const root = isDeclared(made) && made.declaration.kind !== 'task' ? (made as DeclaredFlow) : null;
      if (root === null) {
        // What becomes of it nobody waits for.
        if (made instanceof Promise) made.catch(() => undefined);
        const returned = made instanceof Promise ? 'a promise: it may not be async' : describe(made);
        const detail = `its function must return a linearFlow, an unorderedFlow or a graphFlow, but it returns ${returned}`;
        throw unusableJob('flow', name, [{ pointer: '', detail }], { advice: adviceFor(given) });
      }
      const { flow, problems: wiring } = compileFlow(root.declaration);
      // What is wrong with a place is told once.
      const known = new Set(root.problems.flatMap(({ pointer }) => [pointer, `${pointer}/name`]));
      const problems = [...root.problems, ...wiring.filter(({ pointer }) => !known.has(pointer))];
      const placeOf = (pointer: string): string => placeIn(root.declaration, pointer);
      if (problems.length > 0) throw unusableJob('flow', name, problems, { placeOf, advice: adviceFor(given) });
      return { name, flow, bodies: root.bodies };
    },
  };
}

/** Its children one after the other, in the order in which they are listed. What one provides, those after it can have. */
export function linearFlow(
  name: string,
  ...rest: [readonly Child[]] | [FlowOptions | undefined, readonly Child[]]
): DeclaredFlow {
  return declareFlow('linear', name, rest);
}

/** Its children in no order, at once. All that are ready run, even if one of them fails. What they provide they do not give to each other. */
export function unorderedFlow(
  name: string,
  ...rest: [readonly Child[]] | [FlowOptions | undefined, readonly Child[]]
): DeclaredFlow {
  return declareFlow('unordered', name, rest);
}

/** Its children as they need each other: each waits for those that provide what it requires. */
export function graphFlow(
  name: string,
  ...rest: [readonly Child[]] | [FlowOptions | undefined, readonly Child[]]
): DeclaredFlow {
  return declareFlow('graph', name, rest);
}

/** @param attempts in all: 1 is no further one */
export function times(attempts: number): RetryController {
  return { kind: 'times', attempts };
}

/**
 * An attempt with each of the values, until one succeeds.
 * @param values at least one, each of them JSON
 * @param provides the name under which tasks of the flow can have the value: `value` if not said
 */
export function forEach(values: readonly Json[], provides = 'value'): RetryController {
  // What is no list is refused together with all that is wrong with the flow.
  return { kind: 'forEach', values: Array.isArray(values) ? [...(values as readonly Json[])] : values, provides };
}

/**
 * The same with the values of a list that was posted in the store, or that an earlier task has provided.
 * @param parameter the name of the list
 */
export function parameterizedForEach(parameter: string, provides = 'value'): RetryController {
  return { kind: 'parameterizedForEach', parameter, provides };
}

/** Reverts the flow in which something failed, unless the controller around it tries again or reverts all. */
export function alwaysRevert(): RetryController {
  return { kind: 'alwaysRevert' };
}

/** Reverts everything, whatever the controllers around say. */
export function alwaysRevertAll(): RetryController {
  return { kind: 'alwaysRevertAll' };
}

/** A flow that is made of what was posted may be wrong because of that. */
function adviceFor(given: AnyParameters): string {
  return Object.keys(given).length === 0
    ? 'Mend its file; it is read again at once'
    : 'Mend its file, which is read again at once, or what was posted';
}

function declareFlow(kind: ScopeKind, name: unknown, rest: readonly unknown[]): DeclaredFlow {
  const [options = {}, listed] = rest.length > 1 ? rest : [{}, rest[0]];
  const problems: Problems = [];
  const given = new Options(options, '', `flow ${describe(name)}`, ['retry'], problems).raw('retry') ?? null;
  const retry = readController(given, problems);
  if (typeof name !== 'string')
    problems.push({ pointer: '/name', detail: `a flow's name must be a text, but it is ${describe(name)}` });
  if (!Array.isArray(listed))
    problems.push({ pointer: '/children', detail: `must be a list of tasks and flows, but it is ${describe(listed)}` });
  const bodies = new Map<string, FlowTaskBody>();
  const children = (Array.isArray(listed) ? listed : []).flatMap((child: unknown, place) => {
    const pointer = `/children/${place}`;
    if (!isDeclared(child)) {
      problems.push({
        pointer,
        detail: `must be made by task, linearFlow, unorderedFlow or graphFlow, but it is ${describe(child)}`,
      });
      // Those after it keep their places.
      return [{ kind: 'linear' as const, name: '', retry: null, children: [] }];
    }
    for (const problem of child.problems) problems.push({ ...problem, pointer: `${pointer}${problem.pointer}` });
    for (const [each, body] of child.bodies) bodies.set(each, body);
    return [child.declaration];
  });
  const declaration: ScopeDeclaration = { kind, name: String(name), retry, children };
  return { declaration, bodies, problems };
}

function isDeclared(value: unknown): value is Child {
  return isRecord(value) && isRecord(value['declaration']) && value['bodies'] instanceof Map;
}
