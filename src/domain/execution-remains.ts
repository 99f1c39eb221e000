import { memberOfId, stepsIndex } from './document-index.ts';
import { documentKeys, skippedKeyOfMember, skippedMembers, type StateDocument } from './execution-documents.ts';

/**
 * An execution that was forgotten, and of which steps, skipped items, context and lease are still there. There may be millions of
 * them, so they go piece by piece, after it; nobody finds them without it.
 */
export function remainsDocument(executionId: number): StateDocument {
  return {
    collection: 'remains',
    id: String(executionId),
    text: String(executionId),
    members: [{ index: remainsIndex, member: memberOfId(executionId) }],
  };
}

/** Of executions by id. */
export const remainsIndex = 'remains';

type Part = Omit<StateDocument, 'text'>;

/** The documents that members of the execution's indexes stand for. */
export function remainingParts(executionId: number, steps: readonly string[], skipped: readonly string[]): Part[] {
  return [
    ...steps.map((member) => ({
      ...documentKeys.step(executionId, Number(member)),
      members: [{ index: stepsIndex(executionId), member }],
    })),
    ...skipped.map((member) => ({
      ...skippedKeyOfMember(executionId, member),
      members: skippedMembers(executionId, member),
    })),
  ];
}

/** What goes last: what there is one of. */
export function lastParts(executionId: number): Part[] {
  return [
    { ...documentKeys.context(executionId), members: [] },
    { ...documentKeys.flow(executionId), members: [] },
    { ...documentKeys.flowOutline(executionId), members: [] },
    { ...documentKeys.lease(executionId), members: [] },
    remainsDocument(executionId),
  ];
}
