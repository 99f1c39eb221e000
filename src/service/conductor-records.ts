import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import { documentChange, documentKeys } from '../domain/execution-documents.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import { heartbeatDocument, heartbeatKey, readHeartbeat } from '../domain/heartbeat.ts';
import { decodeLease } from '../domain/lease.ts';
import type { Stores } from '../ports/stores.ts';

/** What the service knows of the processes that run jobs, in the store. */
export interface ConductorRecords {
  /**
   * Puts down why a conductor's process is gone, for whoever goes on with what it ran; nothing, if it ended in good order. When
   * it is taken for gone is decided by its lease all the same: programs that it started have that long to end.
   * @param why `ended with exit code 7` @param by the execution whose code ended it, where that is known
   * @throws BatchyError `store-unavailable`
   */
  ended(conductor: string, why: string, by: number | null): Promise<void>;
  /** What a conductor owns, oldest first; of very many that wait, only the oldest are looked through. @throws BatchyError `store-unavailable` */
  runs(conductor: string): Promise<readonly OwnedExecution[]>;
}

export interface OwnedExecution {
  readonly id: number;
  readonly jobName: string;
}

export interface ConductorRecordsOptions {
  readonly stores: Pick<Stores, 'store' | 'documents' | 'clock'>;
  readonly operationId: () => string;
}

const keepSeconds = 60;
/** Its last beat may be on its way. */
const mostTries = 5;
const pageSize = 100;
const mostPages = 10;

export function createConductorRecords({ stores, operationId }: ConductorRecordsOptions): ConductorRecords {
  const { store, documents, clock } = stores;
  return {
    async ended(conductor, why, by) {
      for (let tries = 0; tries < mostTries; tries += 1) {
        const [found = null] = await documents.get([heartbeatKey(conductor)]);
        if (found === null) return;
        const at = await clock.now();
        const after = heartbeatDocument({
          ...readHeartbeat(found.text),
          at,
          endedBecause: why,
          ...(by === null ? {} : { endedBy: by }),
        });
        const outcome = await store.commit({
          operation: { id: operationId(), fingerprint: '', answer: null, keepSeconds },
          changes: [documentChange({ revision: found.revision, members: after.members }, after)],
          journal: [],
        });
        if (outcome.kind !== 'conflict') return;
      }
    },
    async runs(conductor) {
      const owned: OwnedExecution[] = [];
      let beyond: string | null = null;
      for (let page = 0; page < mostPages; page += 1) {
        const members: string[] = await documents.scan({
          index: executionIndexes.live,
          prefix: '',
          direction: 'ascending',
          beyond,
          limit: pageSize,
        });
        const ids = members.map(idOfMember);
        const leases = await documents.get(ids.map(documentKeys.lease));
        const its = ids.filter((_id, index) => {
          const lease = leases[index] ?? null;
          return lease !== null && decodeLease(lease.text).conductor === conductor;
        });
        for (const found of await documents.get(its.map(documentKeys.execution))) {
          if (found === null) continue;
          const { id, jobName } = decodeExecution(found.text);
          owned.push({ id, jobName });
        }
        if (members.length < pageSize) break;
        beyond = members.at(-1) ?? null;
      }
      return owned;
    },
  };
}
