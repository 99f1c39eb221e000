import { randomUUID } from 'node:crypto';

import { documentChange, type StateDocument } from '../src/domain/execution-documents.ts';
import type { Store } from '../src/ports/store.ts';

/** Puts documents into a store that has none of them. */
export function documentWriter(store: Store): (document: StateDocument) => Promise<void> {
  return async (document) => {
    const outcome = await store.commit({
      operation: { id: randomUUID(), fingerprint: '', answer: null, keepSeconds: 60 },
      changes: [documentChange(null, document)],
      journal: [],
    });
    if (outcome.kind === 'conflict') throw new Error(`${document.collection} ${document.id} is there already`);
  };
}
