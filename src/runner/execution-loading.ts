import { BatchyError } from '../domain/errors.ts';
import type { Part } from '../domain/part.ts';
import { idOfMember, stepsIndex } from '../domain/document-index.ts';
import type { StepExecution } from '../domain/execution.ts';
import {
  documentKeys,
  executionMembers,
  type IndexMember,
  instanceMembers,
  type ReadDocument,
  type StateDocumentKey,
  stepMembers,
} from '../domain/execution-documents.ts';
import { decodeContext, decodeExecution, decodeInstance, decodeStep } from '../domain/execution-text.ts';
import { decodeFlowRecord, emptyFlowRecord } from '../domain/flow-text.ts';
import type { DocumentReader, StoredDocument } from '../ports/document-reader.ts';
import type { ExecutionState } from './execution-state.ts';
import type { Claim } from './lease-taking.ts';

/** Each commit changes the two maps, since to copy them would cost more with every step; whoever reloads gets new ones. */
export interface LoadedExecution {
  readonly state: ExecutionState & { readonly steps: Map<string, StepExecution> };
  /** What each document was when it was read or written last, by `documentKey`. */
  readonly documents: Map<string, ReadDocument>;
}

const pageSize = 500;

/** @throws BatchyError `unknown-execution`, `store-unavailable` */
export async function loadExecution(reader: DocumentReader, executionId: number): Promise<LoadedExecution> {
  const documents = new Map<string, ReadDocument>();
  const note = (key: StateDocumentKey, { revision }: StoredDocument, members: readonly IndexMember[]): void => {
    documents.set(documentKey(key), { revision, members });
  };
  const single = [
    documentKeys.context(executionId),
    documentKeys.flow(executionId),
    documentKeys.flowOutline(executionId),
  ];
  const [stored, ...beside] = await reader.get([documentKeys.execution(executionId), ...single]);
  if (stored === null || stored === undefined) throw unknownExecution(executionId);
  const execution = decodeExecution(stored.text);
  note(documentKeys.execution(executionId), stored, executionMembers(execution));
  const [storedInstance] = await reader.get([documentKeys.instance(execution.instanceId)]);
  if (storedInstance === null || storedInstance === undefined) throw unknownExecution(executionId);
  const instance = decodeInstance(storedInstance.text);
  note(documentKeys.instance(instance.id), storedInstance, instanceMembers(instance));
  for (const [place, key] of single.entries()) {
    const document = beside[place] ?? null;
    if (document !== null) note(key, document, []);
  }
  const [context = null, record = null] = beside;
  const values = context === null ? new Map() : decodeContext(context.text);
  const flow = record === null ? emptyFlowRecord : decodeFlowRecord(record.text);
  const steps = new Map<string, StepExecution>();
  for await (const step of storedSteps(reader, executionId)) {
    const decoded = decodeStep(step.text);
    note(documentKeys.step(executionId, decoded.id), step, stepMembers(decoded));
    steps.set(decoded.stepName, decoded);
  }
  return { state: { execution, instance, steps, context: values, flow }, documents };
}

/** As `loadExecution`, of one that nobody has begun: there are no steps. @throws as that */
export async function loadUnstarted(
  reader: DocumentReader,
  { execution, executionRevision }: Pick<Claim, 'execution' | 'executionRevision'>,
): Promise<LoadedExecution> {
  const documents = new Map<string, ReadDocument>();
  const [storedInstance, context] = await reader.get([
    documentKeys.instance(execution.instanceId),
    documentKeys.context(execution.id),
  ]);
  if (storedInstance === null || storedInstance === undefined) throw unknownExecution(execution.id);
  const instance = decodeInstance(storedInstance.text);
  const values = context === null || context === undefined ? new Map() : decodeContext(context.text);
  const note = (key: StateDocumentKey, revision: number, members: readonly IndexMember[]): void => {
    documents.set(documentKey(key), { revision, members });
  };
  note(documentKeys.execution(execution.id), executionRevision, executionMembers(execution));
  note(documentKeys.instance(instance.id), storedInstance.revision, instanceMembers(instance));
  if (context !== null && context !== undefined) note(documentKeys.context(execution.id), context.revision, []);
  const state = { execution, instance, steps: new Map(), context: values, flow: emptyFlowRecord };
  return { state, documents };
}

/** As `loadExecution`, of the execution of a part: of its steps only the part's own, since it may have very many. @throws as that */
export async function loadPart(
  reader: DocumentReader,
  { executionId, instanceId, stepExecutionId }: Part,
): Promise<LoadedExecution> {
  const keys = [documentKeys.execution(executionId), documentKeys.instance(instanceId)];
  const [storedExecution = null, storedInstance = null] = await reader.get(keys);
  if (storedExecution === null || storedInstance === null) throw unknownExecution(executionId);
  const execution = decodeExecution(storedExecution.text);
  const instance = decodeInstance(storedInstance.text);
  const documents = new Map<string, ReadDocument>([
    [
      documentKey(documentKeys.execution(executionId)),
      { revision: storedExecution.revision, members: executionMembers(execution) },
    ],
    [
      documentKey(documentKeys.instance(instanceId)),
      { revision: storedInstance.revision, members: instanceMembers(instance) },
    ],
  ]);
  const state = { execution, instance, steps: new Map(), context: new Map(), flow: emptyFlowRecord };
  return loadSteps(reader, { state, documents }, [stepExecutionId]);
}

/** The same with some of its steps, and with the context, as they are stored now. */
export async function loadSteps(
  reader: DocumentReader,
  { state, documents }: LoadedExecution,
  stepExecutionIds: readonly number[],
): Promise<LoadedExecution> {
  const { id: executionId } = state.execution;
  const contextKey = documentKeys.context(executionId);
  const keys = stepExecutionIds.map((id) => documentKeys.step(executionId, id));
  const [context = null, ...steps] = await reader.get([contextKey, ...keys]);
  // From here on nothing is awaited: whoever reads the maps meanwhile finds all of it, or none.
  for (const stored of steps) {
    if (stored === null) continue;
    const step = decodeStep(stored.text);
    documents.set(documentKey(documentKeys.step(executionId, step.id)), {
      revision: stored.revision,
      members: stepMembers(step),
    });
    state.steps.set(step.stepName, step);
  }
  if (context === null) return { state, documents };
  documents.set(documentKey(contextKey), { revision: context.revision, members: [] });
  return { state: { ...state, context: decodeContext(context.text) }, documents };
}

async function* storedSteps(reader: DocumentReader, executionId: number): AsyncIterable<StoredDocument> {
  for (let beyond: string | null = null; ;) {
    const members: string[] = await reader.scan({
      index: stepsIndex(executionId),
      prefix: '',
      direction: 'ascending',
      beyond,
      limit: pageSize,
    });
    const found = await reader.get(members.map((member) => documentKeys.step(executionId, idOfMember(member))));
    for (const document of found) if (document !== null) yield document;
    if (members.length < pageSize) return;
    beyond = members.at(-1) ?? null;
  }
}

function unknownExecution(executionId: number): BatchyError {
  return new BatchyError('unknown-execution', `There is no execution ${executionId}.`);
}

export function documentKey({ collection, id }: StateDocumentKey): string {
  return `${collection}:${id}`;
}
