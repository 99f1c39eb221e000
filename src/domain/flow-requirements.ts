import { BatchyError, type ErrorPlace } from './errors.ts';
import { type Flow, providedNames, scopeAt } from './flow.ts';
import { joinedFailures } from './joined-failures.ts';
import { isJsonObject, type Json, stringifyJson } from './json.ts';
import { quoteBriefly } from './names.ts';

/** A value that somebody requires and nobody before provides. */
export interface MissingRequirement {
  /** The task, or the flow whose controller takes its values from there. */
  readonly node: string;
  readonly value: string;
  /** Tasks that provide it, but not to this one: they come later, or lie in an unordered flow with it. */
  readonly providedBy: readonly string[];
}

/** What a flow needs from the store that is posted and does not find there: all of it, so that nothing needs to run to be told. */
export function missingRequirements(flow: Flow, storeNames: Iterable<string>): readonly MissingRequirement[] {
  const posted = new Set(storeNames);
  const providers = new Map<string, string[]>();
  for (const node of flow.nodes) {
    for (const value of node.kind === 'task' ? providedNames(node.provides) : []) {
      const known = providers.get(value);
      if (known === undefined) providers.set(value, [node.name]);
      else known.push(node.name);
    }
  }
  return flow.nodes.flatMap((node) => {
    const inputs = node.kind === 'task' ? node.inputs : node.values === null ? [] : [node.values];
    return inputs
      .filter(({ optional, provider, value }) => !optional && provider === null && !posted.has(value))
      .map(({ value }) => ({ node: node.name, value, providedBy: providers.get(value) ?? [] }));
  });
}

/** Of what was posted, the names that no task and no controller of a flow takes anything of: perhaps a slip of the pen. */
export function untakenNames(flow: Flow, posted: Iterable<string>): string[] {
  const taken = new Set<string>();
  for (const node of flow.nodes) {
    const inputs = node.kind === 'task' ? node.inputs : node.values === null ? [] : [node.values];
    for (const { value } of inputs) taken.add(value);
  }
  return [...posted].filter((name) => !taken.has(name));
}

/**
 * Refuses a store that a flow cannot run with: all that is wrong is told before any of it runs.
 * @throws BatchyError `invalid-parameters`
 */
export function checkStore(flow: Flow, store: ReadonlyMap<string, Json>): void {
  const missing = missingRequirements(flow, store.keys()).map(({ node, value, providedBy }) => {
    const [provider] = providedBy;
    const others = provider === undefined ? '' : ` (${whyNotProvided(flow, node, provider)})`;
    return {
      place: { pointer: `/${value}`, detail: `${node} requires ${value}` },
      text: `${quoteBriefly(node)} requires ${quoteBriefly(value)}${others}`,
    };
  });
  const lists = unusableLists(flow, store).map((place) => ({ place, text: place.detail }));
  const found = [...missing, ...lists];
  if (found.length === 0) return;
  const advice = [
    ...(missing.length > 0 ? ['Post it with a store that has what nobody provides to them'] : []),
    ...(lists.length > 0 ? ['Post a list of at least one value where one is tried after the other'] : []),
  ];
  throw new BatchyError(
    'invalid-parameters',
    `The flow ${quoteBriefly(flow.name)} cannot run: ${joinedFailures(found.map(({ text }) => text))}. ${advice.join('. ')}; nothing of it was run.`,
    { places: found.map(({ place }) => place) },
  );
}

/** Why a task does not get a value that another one provides, and what to do about that. */
function whyNotProvided(flow: Flow, name: string, provider: string): string {
  const quoted = quoteBriefly(provider);
  if (name === provider) return 'it provides that itself, but only when it has run';
  const around = levelsOf(flow, provider);
  const scope = [...levelsOf(flow, name)].find((each) => around.has(each)) ?? 0;
  const { kind, name: shared } = scopeAt(flow, scope);
  if (shared === name) return `${quoted} provides it, but lies within it; put that before it`;
  if (kind === 'unordered')
    return `${quoted} provides it, but stands beside it in the unordered flow ${quoteBriefly(shared)}; make that a graphFlow, or a linearFlow in which ${quoted} comes first`;
  return `${quoted} provides it, but comes later; put it before`;
}

/** The node itself and the scopes around it, the nearest first. */
function levelsOf(flow: Flow, name: string): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at = flow.indexOf.get(name) ?? null; at !== null; at = flow.nodes[at]?.scope ?? null) found.add(at);
  return found;
}

/** What was posted as a list of values to be tried, and is none, or has none. */
function unusableLists(flow: Flow, store: ReadonlyMap<string, Json>): ErrorPlace[] {
  return flow.nodes.flatMap((node): ErrorPlace[] => {
    if (node.kind === 'task' || node.values === null) return [];
    const { value } = node.values;
    const posted = store.get(value);
    const fault = posted === undefined ? null : listFault(posted);
    if (fault === null) return [];
    const detail = `${quoteBriefly(node.name)} tries the values of ${quoteBriefly(value)}, which was posted and ${fault}`;
    return [{ pointer: `/${value}`, detail }];
  });
}

/** `is no list, but "x"`; `null` for a list of values that can be tried. */
export function listFault(value: Json): string | null {
  if (!Array.isArray(value)) return `is no list, but ${shown(value)}`;
  return value.length === 0 ? 'is an empty list' : null;
}

function shown(value: Json): string {
  if (typeof value === 'string') return quoteBriefly(value);
  return isJsonObject(value) ? 'an object' : stringifyJson(value);
}
