import type { Flow, FlowNode, ScopeKind } from './flow.ts';
import {
  type Attempt,
  type FlowError,
  type FlowFailure,
  type FlowState,
  neverStarted,
  type TaskState,
  taskStatuses,
  type TaskStatus,
  type Unwinding,
} from './flow-state.ts';
import { joinedFailures } from './joined-failures.ts';
import type { JsonObject } from './json.ts';
import { stringifyJson } from './json.ts';
import { parseStoredObject, type StoredFields, storedFields } from './stored-fields.ts';

/**
 * How the run of a reversible flow is stored: what a task is by its latest step execution, and beside that what belongs to no
 * task. Each `decode…` throws BatchyError `foreign-data` for text that its `encode…` did not write.
 */

/** What is stored of a run beside its tasks. */
export type FlowRecord = Pick<FlowState, 'attempts' | 'unwinding'>;

export const emptyFlowRecord: FlowRecord = { attempts: new Map(), unwinding: null };

/** A flow for people to look at: its nodes as they stand in `Flow`, which the code of an author has made when it was picked up. */
export interface FlowOutline {
  readonly name: string;
  readonly nodes: readonly OutlineNode[];
}

export interface OutlineNode {
  readonly name: string;
  readonly kind: 'task' | ScopeKind;
  /** The place in the list of the scope that it stands in; `null` for the outermost. */
  readonly scope: number | null;
  /** Places of what must be done before it. */
  readonly parents: readonly number[];
  /** Of a scope: the kind of its controller, or `null`. */
  readonly retry: string | null;
  /** Of a task: whether it has a revert. */
  readonly hasRevert: boolean;
}

export function outlineOf({ name, nodes }: Flow): FlowOutline {
  return { name, nodes: nodes.map(outlineNode) };
}

function outlineNode(node: FlowNode): OutlineNode {
  const { name, kind, scope, parents } = node;
  return {
    name,
    kind,
    scope,
    parents,
    retry: node.kind === 'task' ? null : (node.retry?.kind ?? null),
    hasRevert: node.kind === 'task' && node.hasRevert,
  };
}

export function encodeFlowOutline({ name, nodes }: FlowOutline): string {
  return stringifyJson({
    name,
    nodes: nodes.map(({ hasRevert, ...node }) => ({ ...node, has_revert: hasRevert })),
  });
}

export function decodeFlowOutline(text: string): FlowOutline {
  const fields = storedFields(parseStoredObject(text, 'the outline of a flow'), 'the outline of a flow');
  return {
    name: fields.text('name'),
    nodes: fields.objects('nodes').map((node) => ({
      name: node.text('name'),
      kind: node.oneOf('kind', ['task', 'linear', 'unordered', 'graph']),
      scope: node.countOrNull('scope'),
      parents: node.counts('parents'),
      retry: node.textOrNull('retry'),
      hasRevert: node.flag('has_revert'),
    })),
  };
}

export function encodeFlowRecord({ attempts, unwinding }: FlowRecord): string {
  return stringifyJson({
    attempts: [...attempts].map(([scope, made]) => ({
      scope,
      attempts: made.map(({ value, failures }) => ({
        ...(value === undefined ? {} : { value }),
        failures: failures.map(encodeFailure),
      })),
    })),
    unwinding:
      unwinding === null
        ? null
        : { scopes: unwinding.scopes, next: unwinding.next, failures: unwinding.failures.map(encodeFailure) },
  });
}

export function decodeFlowRecord(text: string): FlowRecord {
  const fields = storedFields(parseStoredObject(text, 'the run of a flow'), 'the run of a flow');
  const unwinding = fields.objectOrNull('unwinding');
  return {
    attempts: new Map(
      fields.objects('attempts').map((scope) => [scope.text('scope'), scope.objects('attempts').map(readAttempt)]),
    ),
    unwinding: unwinding === null ? null : readUnwinding(unwinding),
  };
}

function readAttempt(fields: StoredFields): Attempt {
  return {
    ...(fields.has('value') ? { value: fields.json('value') } : {}),
    failures: fields.objects('failures').map(readFailure),
  };
}

function readUnwinding(fields: StoredFields): Unwinding {
  return {
    scopes: fields.textsOrNull('scopes') ?? [],
    next: fields.oneOf('next', ['retry', 'end']),
    failures: fields.objects('failures').map(readFailure),
  };
}

/** Whoever is lost is found out, and never stored. */
export function encodeTask({ status, started, ended, result, failure, revertFailure }: TaskState): JsonObject {
  return {
    state: status,
    started,
    ended,
    ...(result === null ? {} : { result }),
    ...(failure === null ? {} : { failure: encodeError(failure) }),
    ...(revertFailure === null ? {} : { revert_failure: encodeError(revertFailure) }),
  };
}

export function decodeTask(fields: StoredFields): TaskState {
  const errorAt = (name: string): FlowError | null => {
    const error = fields.has(name) ? fields.objectOrNull(name) : null;
    return error === null ? null : readError(error);
  };
  return {
    ...neverStarted,
    status: fields.oneOf('state', startedStatuses),
    started: fields.count('started'),
    ended: fields.countOrNull('ended'),
    result: fields.has('result') ? fields.json('result') : null,
    failure: errorAt('failure'),
    revertFailure: errorAt('revert_failure'),
  };
}

type StartedStatus = Exclude<TaskStatus, 'PENDING'>;
const startedStatuses = taskStatuses.filter((status): status is StartedStatus => status !== 'PENDING');

function encodeFailure({ task, during, error }: FlowFailure): JsonObject {
  return { task, during, error: encodeError(error) };
}

function readFailure(fields: StoredFields): FlowFailure {
  const error = fields.objectOrNull('error');
  return {
    task: fields.text('task'),
    during: fields.oneOf('during', ['execute', 'revert']),
    error: error === null ? { name: 'Error', message: '' } : readError(error),
  };
}

function encodeError({ name, message }: FlowError): JsonObject {
  return { name, message };
}

function readError(fields: StoredFields): FlowError {
  return { name: fields.text('name'), message: fields.text('message') };
}

/** Several failures in one sentence, each with its task: that of a revert in any case. */
export function failuresText(failures: readonly FlowFailure[]): string {
  const texts = (one: FlowFailure['during']): string[] =>
    failures
      .filter(({ during }) => during === one)
      .map(({ task, error }) => `${task}${one === 'revert' ? ' (revert)' : ''}: ${error.message}`);
  const executed = joinedFailures(texts('execute'));
  return [...(executed === '' ? [] : [executed]), ...texts('revert')].join('; ');
}
