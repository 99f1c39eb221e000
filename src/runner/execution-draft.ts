import type { JournalEntry } from '../domain/change.ts';
import {
  contextDocument,
  documentChange,
  documentKeys,
  executionDocument,
  flowDocument,
  flowOutlineDocument,
  instanceDocument,
  skippedDocument,
  type StateDocument,
  type StateDocumentKey,
  stepDocument,
} from '../domain/execution-documents.ts';
import { storedWorkflowChange } from '../domain/stored-workflow-change.ts';
import type { StoredChange } from '../ports/store.ts';
import { documentKey, type LoadedExecution } from './execution-loading.ts';
import type { ExecutionState, StateChange } from './execution-state.ts';
import { MapOverlay } from './map-overlay.ts';
import type { StoredRun } from './run-counts.ts';

/**
 * Several changes put together: what is stored afterwards, and how it differs from what is stored now. It costs what changes,
 * however many steps there are; nothing of `loaded` changes before `stored`.
 */
export function draftOf(loaded: LoadedExecution) {
  const { documents } = loaded;
  const ownSteps = new MapOverlay(loaded.state.steps);
  /** Made only once all is known: of what changes twice the first is never stored. */
  const changed = new Map<string, () => StateDocument>();
  const workflows = new Map<string, StoredChange>();
  const beside = new Map<string, StoredChange>();
  const journal: JournalEntry[] = [];
  const steps: StoredRun['steps'][number][] = [];
  let state: ExecutionState = { ...loaded.state, steps: ownSteps };
  let written: ReadonlyMap<string, StateDocument> = new Map();

  const put = (key: StateDocumentKey, make: () => StateDocument): void => {
    changed.set(documentKey(key), make);
  };
  return {
    journal,
    steps,
    state: (): ExecutionState => state,
    take(change: StateChange): void {
      const { execution = state.execution, instance = state.instance, context = state.context } = change;
      const { flow = state.flow, flowOutline: outline } = change;
      const { id } = execution;
      if (change.execution !== undefined) put(documentKeys.execution(id), () => executionDocument(execution));
      if (change.instance !== undefined) put(documentKeys.instance(instance.id), () => instanceDocument(instance));
      if (change.context !== undefined) put(documentKeys.context(id), () => contextDocument(id, context));
      if (change.flow !== undefined) put(documentKeys.flow(id), () => flowDocument(id, flow));
      if (outline !== undefined) put(documentKeys.flowOutline(id), () => flowOutlineDocument(id, outline));
      for (const step of change.steps ?? []) {
        steps.push({ before: ownSteps.get(step.stepName) ?? null, after: step });
        ownSteps.set(step.stepName, step);
        put(documentKeys.step(step.executionId, step.id), () => stepDocument(step));
      }
      for (const { item, stepExecutionId } of change.skipped ?? [])
        put(documentKeys.skipped(item.executionId, stepExecutionId, item.number), () =>
          skippedDocument(item, stepExecutionId),
        );
      for (const { before, after } of change.beside ?? [])
        beside.set(documentKey(after), documentChange(before, after));
      if (change.workflow !== undefined) {
        const { stored, change: next } = change.workflow;
        workflows.set(next.name, storedWorkflowChange(stored, next));
        journal.push(...next.journal);
      }
      journal.push(...(change.journal ?? []));
      state = { execution, instance, context, flow, steps: ownSteps };
    },
    changes(): StoredChange[] {
      written = new Map([...changed].map(([key, make]) => [key, make()]));
      const changes = [...written].map(([key, document]) => documentChange(documents.get(key) ?? null, document));
      return [...workflows.values(), ...beside.values(), ...changes];
    },
    /** To be called once it is stored: puts it into the maps of `loaded`, all at once, and returns these. */
    stored(): LoadedExecution {
      for (const [key, { collection, members }] of written)
        // Skipped items are written once; there may be many.
        if (collection !== 'skipped')
          documents.set(key, { revision: (documents.get(key)?.revision ?? 0) + 1, members });
      ownSteps.settle();
      return { state: { ...state, steps: loaded.state.steps }, documents };
    },
  };
}
