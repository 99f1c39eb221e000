import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { conductorsIndex, type Heartbeat, heartbeatKey, readHeartbeat } from '../domain/heartbeat.ts';
import { decodeLease } from '../domain/lease.ts';
import { decodePart, partKeyOfMember, partsIndex } from '../domain/part.ts';
import { nanosecondsPerSecond } from '../domain/time.ts';
import type { Stores } from '../ports/stores.ts';
import { readOrPassOver } from './readable.ts';

/** The processes that run jobs, on whatever machine. */
export interface Conductors {
  /**
   * By id, those that are online or were within the last hour, and whoever still owns something; all: those that were not
   * forgotten since, too. @throws BatchyError `store-unavailable`
   */
  list(all: boolean): Promise<ListedConductor[]>;
  /** Those that give signs of life and take what is launched. @throws BatchyError `store-unavailable` */
  online(): Promise<readonly Heartbeat[]>;
  /** Whether one that is online may have all of these. @throws BatchyError `store-unavailable` */
  canRun(required: readonly string[]): Promise<boolean>;
  /** Whether some are online, and each of them runs executions of other queues only. @throws BatchyError `store-unavailable` */
  leavesOut(queue: string): Promise<boolean>;
}

export interface ListedConductor extends Heartbeat {
  /** `online`: it gives signs of life. `silent`: none for as long as a lease lasts. `ended`: somebody saw its process end. */
  readonly state: ConductorState;
  /** Of its last sign of life, by the store's clock. */
  readonly ageSeconds: number;
  /** Executions that it owns, oldest first. */
  readonly executionIds: readonly number[];
  /** How many parts of executions it runs that were offered to others: partitions, and distributed steps. */
  readonly partCount: number;
}

export const conductorStates = ['online', 'silent', 'ended'] as const;
export type ConductorState = (typeof conductorStates)[number];

const pageSize = 500;
/** Whoever is asked what has become of a process asks soon. */
const recentSeconds = 3600;

export function createConductors(
  { documents, clock }: Pick<Stores, 'documents' | 'clock'>,
  leaseSeconds: number,
): Conductors {
  const members = async (index: string): Promise<string[]> => {
    const all: string[] = [];
    for (let beyond: string | null = null; ;) {
      const page: string[] = await documents.scan({
        index,
        prefix: '',
        direction: 'ascending',
        beyond,
        limit: pageSize,
      });
      all.push(...page);
      if (page.length < pageSize) return all;
      beyond = page.at(-1) ?? null;
    }
  };

  async function owned(): Promise<ReadonlyMap<string, number[]>> {
    const byOwner = new Map<string, number[]>();
    const live = (await members(executionIndexes.live)).map(idOfMember);
    for (let from = 0; from < live.length; from += pageSize) {
      const ids = live.slice(from, from + pageSize);
      const leases = await documents.get(ids.map(documentKeys.lease));
      for (const [place, id] of ids.entries()) {
        const owner = readOrPassOver(leases[place], decodeLease)?.conductor ?? null;
        if (owner === null) continue;
        const others = byOwner.get(owner);
        if (others === undefined) byOwner.set(owner, [id]);
        else others.push(id);
      }
    }
    return byOwner;
  }

  async function partCounts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    const all = (await members(partsIndex)).map(partKeyOfMember);
    for (let from = 0; from < all.length; from += pageSize)
      for (const found of await documents.get(all.slice(from, from + pageSize))) {
        const owner = readOrPassOver(found, decodePart)?.conductor ?? null;
        if (owner !== null) counts.set(owner, (counts.get(owner) ?? 0) + 1);
      }
    return counts;
  }

  async function signs(): Promise<Omit<ListedConductor, 'executionIds' | 'partCount'>[]> {
    const ids = await members(conductorsIndex);
    const found: Heartbeat[] = [];
    for (let from = 0; from < ids.length; from += pageSize)
      for (const stored of await documents.get(ids.slice(from, from + pageSize).map(heartbeatKey))) {
        const sign = readOrPassOver(stored, readHeartbeat);
        if (sign !== null) found.push(sign);
      }
    const now = await clock.now();
    return found.map((sign) => {
      const ageSeconds = Math.max(0, Number((now - sign.at) / (nanosecondsPerSecond / 1000n)) / 1000);
      const isSilent = ageSeconds > (sign.about?.leaseSeconds ?? leaseSeconds);
      return {
        ...sign,
        ageSeconds,
        state: sign.endedBecause === undefined ? (isSilent ? 'silent' : 'online') : 'ended',
      };
    });
  }

  const online = async (): Promise<Heartbeat[]> =>
    (await signs()).filter(({ state, about }) => state === 'online' && about?.isDraining !== true);

  return {
    online,
    async list(all) {
      const [conductors, owners, parts] = await Promise.all([signs(), owned(), partCounts()]);
      return conductors
        .map((sign) => ({
          ...sign,
          executionIds: owners.get(sign.conductor) ?? [],
          partCount: parts.get(sign.conductor) ?? 0,
        }))
        .filter(
          ({ state, ageSeconds, executionIds, partCount }) =>
            all || state === 'online' || ageSeconds <= recentSeconds || executionIds.length + partCount > 0,
        );
    },
    async canRun(required) {
      return (await online()).some(({ about }) => required.every((name) => about?.capabilities.includes(name)));
    },
    async leavesOut(queue) {
      const all = await online();
      return all.length > 0 && all.every(({ about }) => about?.queues?.includes(queue) === false);
    },
  };
}
