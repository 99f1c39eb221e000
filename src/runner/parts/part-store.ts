import { idOfMember } from '../../domain/document-index.ts';
import type { JobExecution } from '../../domain/execution.ts';
import { documentKeys } from '../../domain/execution-documents.ts';
import { decodeExecution } from '../../domain/execution-text.ts';
import { isLive } from '../../domain/execution-transitions.ts';
import {
  decodePart,
  type Part,
  partChange,
  type PartId,
  partKey,
  partKeyOfMember,
  partRemoval,
  type StoredPart,
} from '../../domain/part.ts';
import { floorToMicrosecond } from '../../domain/time.ts';
import type { DocumentKey, StoredDocument } from '../../ports/document-reader.ts';
import type { DocumentGuard, StoredDocumentChange } from '../../ports/store.ts';
import type { Stores } from '../../ports/stores.ts';
import { pagesOf } from '../index-members.ts';

/** A part with what it is of. */
export interface FoundPart extends StoredPart {
  /** As it is stored; `null`: it is over, or forgotten. */
  readonly execution: JobExecution | null;
  readonly executionRevision: number;
}

/** Told of a part that cannot be read, or whose execution cannot, as something newer may have written them: it is left out. */
export type OnUnread = (stepExecutionId: number, error: unknown) => void;

const refuse: OnUnread = (_id, error) => {
  throw error;
};

/** Parts as they are stored. Each change is compared with what was read. @throws BatchyError `store-unavailable` */
export interface PartStore {
  /** @param index of all parts, or of those of an execution @throws BatchyError `foreign-data`, unless somebody is told */
  list(index: string, onUnread?: OnUnread): Promise<StoredPart[]>;
  /** In their order; `null` where there is none any more. */
  get(ids: readonly PartId[]): Promise<(StoredPart | null)[]>;
  /** @throws as `list` */
  withExecutions(parts: readonly StoredPart[], onUnread?: OnUnread): Promise<FoundPart[]>;
  /**
   * Takes a part of an execution that is live. @param isTakeover whether its owner was lost
   * @param also what else must be as it was
   * @returns what is ours by then, or `null` when somebody was faster
   */
  take(found: FoundPart, isTakeover: boolean, also?: readonly DocumentGuard[]): Promise<StoredPart | null>;
  /** Makes it anybody's; nothing, where it is not ours any more. */
  giveBack(stored: StoredPart): Promise<void>;
  /** @param also as in `take` @returns whether it is gone by this; not where somebody has changed it */
  remove(stored: StoredPart, also?: readonly DocumentGuard[]): Promise<boolean>;
}

export interface PartStoreOptions {
  readonly stores: Pick<Stores, 'store' | 'documents' | 'clock'>;
  /** Who takes. */
  readonly conductor: string;
  readonly operationId: () => string;
}

const keepSeconds = 600;
const atOnce = 500;

export function createPartStore({ stores, conductor, operationId }: PartStoreOptions): PartStore {
  const { store, documents, clock } = stores;

  async function read(keys: readonly DocumentKey[]): Promise<(StoredPart | null)[]> {
    return (await documents.get(keys)).map(readPart);
  }

  async function change(changes: readonly StoredDocumentChange[], guards: readonly DocumentGuard[]): Promise<boolean> {
    const operation = { id: operationId(), fingerprint: '', answer: null, keepSeconds };
    const outcome = await store.commit({ operation, changes, guards, journal: [] });
    return outcome.kind !== 'conflict';
  }

  /** @returns the part as it is then, or `null` */
  async function hand(stored: StoredPart, fields: Partial<Part>, guards: readonly DocumentGuard[]) {
    const part = { ...stored.part, ...fields, since: floorToMicrosecond(await clock.now()) };
    return (await change([partChange(stored, part)], guards)) ? { part, revision: stored.revision + 1 } : null;
  }

  return {
    async list(index, onUnread = refuse) {
      const all: StoredPart[] = [];
      for await (const page of pagesOf(documents, index, atOnce)) {
        const found = page.length === 0 ? [] : await documents.get(page.map(partKeyOfMember));
        for (const [place, document] of found.entries())
          try {
            const stored = readPart(document);
            if (stored !== null) all.push(stored);
          } catch (error) {
            onUnread(idOfMember(page[place] ?? ''), error);
          }
      }
      return all;
    },
    get: (ids) => (ids.length === 0 ? Promise.resolve([]) : read(ids.map(partKey))),
    async withExecutions(parts, onUnread = refuse) {
      const ids = [...new Set(parts.map(({ part }) => part.executionId))];
      const found = ids.length === 0 ? [] : await documents.get(ids.map(documentKeys.execution));
      const executions = new Map(ids.map((id, place) => [id, found[place] ?? null]));
      return parts.flatMap((stored): FoundPart[] => {
        try {
          return [withExecution(stored, executions.get(stored.part.executionId) ?? null)];
        } catch (error) {
          onUnread(stored.part.stepExecutionId, error);
          return [];
        }
      });
    },
    async take({ execution, executionRevision, ...stored }, isTakeover, also = []) {
      if (execution === null) return null;
      const takeovers = stored.part.takeovers + (isTakeover ? 1 : 0);
      const guard = { ...documentKeys.execution(execution.id), expected: executionRevision };
      return hand(stored, { conductor, takeovers }, [guard, ...also]);
    },
    giveBack: async (stored) => void (await hand(stored, { conductor: null }, [])),
    remove: (stored, also = []) => change([partRemoval(stored)], also),
  };
}

/** @throws BatchyError `foreign-data` */
function readPart(document: StoredDocument | null): StoredPart | null {
  return document === null ? null : { part: decodePart(document.text), revision: document.revision };
}

/** @throws BatchyError `foreign-data` */
function withExecution(stored: StoredPart, document: StoredDocument | null): FoundPart {
  const execution = document === null ? null : decodeExecution(document.text);
  return {
    ...stored,
    execution: execution === null || !isLive(execution.status) ? null : execution,
    executionRevision: document?.revision ?? 0,
  };
}
