import { findCycles } from './cycles.ts';
import type { ErrorPlace } from './errors.ts';
import {
  type Flow,
  type FlowInput,
  type FlowNode,
  type FlowScope,
  type FlowTask,
  providedByController,
  providedNames,
  type RetryController,
  type ScopeDeclaration,
  type TaskDeclaration,
} from './flow.ts';
import { quoteBriefly } from './names.ts';
import { stepNameProblem } from './step-check.ts';

/** Scopes in scopes in scopes: nobody writes more by hand, and what walks through them stays within the stack. */
const deepest = 100;
/** Names of a circle that are told before the rest is left out. */
const mostNamed = 12;

/** A node that is being made. What it cannot know before the others are there is filled in by and by. */
type Draft = (
  | { -readonly [Key in keyof Omit<FlowTask, Filled>]: FlowTask[Key] }
  | { -readonly [Key in keyof Omit<FlowScope, Filled>]: FlowScope[Key] }
) & { parents: Set<number>; followers: number[]; readonly pointer: string; readonly provided: Provided };
type Filled = 'parents' | 'followers';
type ScopeDraft = Extract<Draft, { kind: FlowScope['kind'] }>;

/** By name of a value, who provides it: more than one where that is not settled. */
type Provided = Map<string, number[]>;

/** A scope on the way from the outermost to the node whose requirements are looked for. */
interface Level {
  readonly scope: number;
  /** The node directly in it on that way. */
  member: number;
  /** Of a linear scope: what its nodes before that provide. Of a graph: for each value the nodes directly in it that provide it. */
  readonly visible: Provided;
}

/**
 * Makes a flow of its tree: finds out who gives which value to whom, and hence, in a graph, who waits for whom.
 * @returns the flow, and all that is wrong with it, pointers into the tree (`/children/0/retry`); with a problem it must not be run
 */
export function compileFlow(declaration: ScopeDeclaration): { readonly flow: Flow; readonly problems: ErrorPlace[] } {
  const problems: ErrorPlace[] = [];
  const drafts: Draft[] = [];
  flatten(declaration, drafts, problems);
  problems.push(...duplicates(drafts));
  wire(0, [], drafts, problems);
  for (const [index, { parents }] of drafts.entries())
    for (const parent of parents) drafts[parent]?.followers.push(index);
  problems.push(...circles(drafts));
  const nodes = drafts.map(({ pointer: _pointer, provided: _provided, parents, ...draft }, index): FlowNode => {
    const node = { ...draft, parents: [...parents] };
    if (node.kind === 'task') return node;
    const members = membersOf(index, drafts);
    return { ...node, size: members.length, roots: members.filter((each) => drafts[each]?.parents.size === 0) };
  });
  const indexOf = new Map(nodes.map(({ name }, index) => [name, index]));
  return { flow: { name: declaration.name, nodes, indexOf }, problems };
}

function flatten(root: ScopeDeclaration, drafts: Draft[], problems: ErrorPlace[]): void {
  let isTooDeep = false;
  const add = (
    declaration: ScopeDeclaration | TaskDeclaration,
    around: ScopeDraft | null,
    place: { scope: number | null; depth: number; pointer: string; inUnordered: boolean },
  ): number => {
    const { scope, depth, pointer, inUnordered } = place;
    const nameProblem = stepNameProblem(declaration.name);
    if (nameProblem !== null)
      problems.push({ pointer: `${pointer}/name`, detail: nameProblem.replace('step name', 'name of a task or flow') });
    const index = drafts.length;
    const controller = around === null || around.retry === null ? (around?.controller ?? null) : scope;
    const placed = { scope, controller, pointer, parents: new Set<number>(), followers: [], provided: new Map() };
    if (declaration.kind === 'task') {
      const inputs = declaration.inputs.map((input) => ({ ...input, provider: null }));
      drafts.push({ ...declaration, ...placed, inputs, inUnordered });
      provide(drafts[index]?.provided, providedNames(declaration.provides), [index], true);
      return index;
    }
    const { kind, name, retry, children } = declaration;
    if (retry !== null) problems.push(...controllerProblems(retry, `${pointer}/retry`));
    const values = retry?.kind === 'parameterizedForEach' ? neededBy(retry.parameter) : null;
    const draft: ScopeDraft = { ...placed, kind, name, retry, values, end: 0, size: 0, roots: [] };
    drafts.push(draft);
    if (depth === deepest) {
      if (!isTooDeep) problems.push({ pointer, detail: `flows may nest at most ${deepest} deep` });
      isTooDeep = true;
    } else {
      for (const [place, child] of children.entries()) {
        const added = add(child, draft, {
          scope: index,
          depth: depth + 1,
          pointer: `${pointer}/children/${place}`,
          inUnordered: inUnordered || kind === 'unordered',
        });
        for (const [value, providers] of drafts[added]?.provided ?? [])
          provide(draft.provided, [value], providers, kind === 'linear');
      }
    }
    draft.end = drafts.length;
    return index;
  };
  add(root, null, { scope: null, depth: 1, pointer: '', inUnordered: false });
}

function neededBy(value: string): FlowInput {
  return { argument: value, value, optional: false, provider: null };
}

/** @param replaces whoever provided it before is behind these and no longer seen */
function provide(
  provided: Provided | undefined,
  names: readonly string[],
  providers: readonly number[],
  replaces: boolean,
): void {
  for (const name of names) {
    const before = provided?.get(name);
    if (before === undefined || replaces) provided?.set(name, [...providers]);
    else before.push(...providers);
  }
}

function membersOf(scope: number, drafts: readonly Draft[]): number[] {
  const members: number[] = [];
  const { end } = drafts[scope] as ScopeDraft;
  for (let index = scope + 1; index < end;) {
    members.push(index);
    const member = drafts[index] as Draft;
    index = member.kind === 'task' ? index + 1 : member.end;
  }
  return members;
}

function wire(scope: number, around: readonly Level[], drafts: Draft[], problems: ErrorPlace[]): void {
  const { kind } = drafts[scope] as ScopeDraft;
  const members = membersOf(scope, drafts);
  const level: Level = { scope, member: scope, visible: new Map() };
  const levels = [...around, level];
  if (kind === 'graph')
    for (const member of members)
      for (const value of drafts[member]?.provided.keys() ?? []) provide(level.visible, [value], [member], false);
  for (const [place, index] of members.entries()) {
    level.member = index;
    const draft = drafts[index] as Draft;
    if (kind === 'linear' && place > 0) draft.parents.add(members[place - 1] as number);
    if (draft.kind === 'task') {
      draft.inputs = draft.inputs.map((input) => provided(input, draft, levels, drafts, problems));
    } else {
      if (draft.values !== null) draft.values = provided(draft.values, draft, levels, drafts, problems);
      wire(index, levels, drafts, problems);
    }
    if (kind === 'linear')
      for (const [value, providers] of draft.provided) provide(level.visible, [value], providers, true);
  }
}

/** The input with its provider: of the nearest scope that has one; a graph gets an edge from it. */
function provided(
  input: FlowInput,
  draft: Draft,
  levels: readonly Level[],
  drafts: readonly Draft[],
  problems: ErrorPlace[],
): FlowInput {
  for (const { scope, member, visible } of levels.toReversed()) {
    const { kind, retry } = drafts[scope] as ScopeDraft;
    const found = visible.get(input.value) ?? [];
    const sources = kind === 'graph' ? firstTwoOthers(found, member) : found;
    if (kind === 'graph') for (const source of sources) drafts[member]?.parents.add(source);
    const providers =
      kind === 'graph' ? sources.flatMap((each) => drafts[each]?.provided.get(input.value) ?? []) : found;
    if (providers.length > 1) problems.push(ambiguity(input, draft, providers, drafts));
    if (providers[0] !== undefined) return { ...input, provider: providers[0] };
    if (providedByController(retry) === input.value) return { ...input, provider: scope };
  }
  return input;
}

/** Two are as ambiguous as a thousand, and looking at all of them for each who asks would take long. */
function firstTwoOthers(found: readonly number[], member: number): number[] {
  return found
    .slice(0, 3)
    .filter((each) => each !== member)
    .slice(0, 2);
}

function ambiguity(
  { value }: FlowInput,
  { name, pointer }: Draft,
  providers: readonly number[],
  drafts: readonly Draft[],
): ErrorPlace {
  const [one, other] = providers.map((index) => quoteBriefly(drafts[index]?.name ?? ''));
  return {
    pointer,
    detail: `${quoteBriefly(name)} requires ${quoteBriefly(value)}, which both ${one} and ${other} provide; give one of them another name and choose with rebind`,
  };
}

function duplicates(drafts: readonly Draft[]): ErrorPlace[] {
  const first = new Map<string, string>();
  return drafts.flatMap(({ name, pointer }) => {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, pointer);
    return earlier === undefined
      ? []
      : [
          {
            pointer: `${pointer}/name`,
            detail: `there are two tasks or flows ${quoteBriefly(name)}: ${earlier === '' ? 'the whole' : earlier} has the name already`,
          },
        ];
  });
}

function circles(drafts: readonly Draft[]): ErrorPlace[] {
  const followers = drafts.map((draft) => draft.followers);
  return findCycles(followers, mostNamed).map(({ nodes, length, to }) => {
    const names = nodes.map((index) => drafts[index]?.name ?? '');
    return {
      pointer: drafts[to]?.pointer ?? '',
      detail: `they wait for each other in a circle, by what they require and provide: ${[...names, ...(length > names.length ? ['…'] : []), names[0]].join(' → ')}`,
    };
  });
}

function controllerProblems(retry: RetryController, pointer: string): ErrorPlace[] {
  if (retry.kind === 'times' && !(Number.isSafeInteger(retry.attempts) && retry.attempts >= 1))
    return [{ pointer, detail: `times takes how many attempts there are in all, 1 or more, not ${retry.attempts}` }];
  if (retry.kind === 'forEach' && retry.values.length === 0)
    return [{ pointer, detail: 'forEach needs at least one value' }];
  return [];
}
