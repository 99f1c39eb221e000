import { BatchyError } from '../domain/errors.ts';
import { idOfMember, stepsIndex } from '../domain/document-index.ts';
import type { StepExecution } from '../domain/execution.ts';
import {
  contextDocument,
  documentKeys,
  executionDocument,
  instanceDocument,
  type ReadDocument,
  type StateDocument,
  stepDocument,
} from '../domain/execution-documents.ts';
import { decodeContext, decodeExecution, decodeInstance, decodeStep } from '../domain/execution-text.ts';
import type { DocumentReader, StoredDocument } from '../ports/document-reader.ts';
import type { ExecutionState } from './execution-state.ts';
import type { Claim } from './lease-taking.ts';

export interface LoadedExecution {
  readonly state: ExecutionState;
  /** What each document was when it was read or written last, by `documentKey`. */
  readonly documents: ReadonlyMap<string, ReadDocument>;
}

const pageSize = 500;

/** @throws BatchyError `unknown-execution`, `store-unavailable` */
export async function loadExecution(reader: DocumentReader, executionId: number): Promise<LoadedExecution> {
  const documents = new Map<string, ReadDocument>();
  const note = (document: StateDocument, { revision }: StoredDocument): void => {
    documents.set(documentKey(document), { revision, members: document.members });
  };
  const [stored, context] = await reader.get([documentKeys.execution(executionId), documentKeys.context(executionId)]);
  if (stored === null || stored === undefined) throw unknownExecution(executionId);
  const execution = decodeExecution(stored.text);
  note(executionDocument(execution), stored);
  const [storedInstance] = await reader.get([documentKeys.instance(execution.instanceId)]);
  if (storedInstance === null || storedInstance === undefined) throw unknownExecution(executionId);
  const instance = decodeInstance(storedInstance.text);
  note(instanceDocument(instance), storedInstance);
  const values = context === null || context === undefined ? new Map() : decodeContext(context.text);
  if (context !== null && context !== undefined) note(contextDocument(executionId, values), context);
  const steps = new Map<string, StepExecution>();
  for await (const step of storedSteps(reader, executionId)) {
    const decoded = decodeStep(step.text);
    note(stepDocument(decoded), step);
    steps.set(decoded.stepName, decoded);
  }
  return { state: { execution, instance, steps, context: values }, documents };
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
  for (const [document, revision] of [
    [executionDocument(execution), executionRevision],
    [instanceDocument(instance), storedInstance.revision],
    [contextDocument(execution.id, values), context?.revision],
  ] as const)
    if (revision !== undefined) documents.set(documentKey(document), { revision, members: document.members });
  return { state: { execution, instance, steps: new Map(), context: values }, documents };
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

export function documentKey({ collection, id }: Pick<StateDocument, 'collection' | 'id'>): string {
  return `${collection}:${id}`;
}
