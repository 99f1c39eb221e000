import { BatchyError } from '../../domain/errors.ts';
import {
  type ConductorAbout,
  conductorsIndex,
  type Heartbeat,
  heartbeatKey,
  readHeartbeat,
} from '../../domain/heartbeat.ts';
import { nanosecondsPerSecond } from '../../domain/time.ts';
import type { Part } from '../../domain/part.ts';
import type { Stores } from '../../ports/stores.ts';
import type { Timers } from '../../ports/timers.ts';
import { pagesOf } from '../index-members.ts';

/** How many other conductors give signs of life that could take such a part, as far as they tell. @throws BatchyError `store-unavailable` */
export type OthersOnline = (part: Pick<Part, 'jobName' | 'queue' | 'capabilities'>) => Promise<number>;

export interface OthersOnlineOptions {
  readonly stores: Pick<Stores, 'documents' | 'clock'>;
  /** Who asks. */
  readonly conductor: string;
  readonly leaseSeconds: number;
  readonly timers: Pick<Timers, 'monotonic'>;
}

/** For so long nobody is asked again, in milliseconds. */
const fresh = 1000;

export function createOthersOnline({ stores, conductor, leaseSeconds, timers }: OthersOnlineOptions): OthersOnline {
  const { documents, clock } = stores;
  let known: { readonly at: number; readonly online: Promise<readonly Heartbeat[]> } | null = null;

  async function look(): Promise<readonly Heartbeat[]> {
    const signs: Heartbeat[] = [];
    for await (const page of pagesOf(documents, conductorsIndex)) {
      const others = page.filter((id) => id !== conductor);
      if (others.length === 0) continue;
      for (const found of await documents.get(others.map(heartbeatKey)))
        if (found !== null) signs.push(...readSign(found.text));
    }
    if (signs.length === 0) return signs;
    const now = await clock.now();
    const isFresh = ({ at, about }: Heartbeat): boolean =>
      now - at <= BigInt(Math.round((about?.leaseSeconds ?? leaseSeconds) * 1000)) * (nanosecondsPerSecond / 1000n);
    return signs.filter((sign) => sign.endedBecause === undefined && isFresh(sign));
  }

  return async (part) => {
    const now = timers.monotonic();
    if (known === null || now - known.at >= fresh) known = { at: now, online: look() };
    try {
      return (await known.online).filter(({ about }) => couldTake(about, part)).length;
    } catch (error) {
      known = null;
      throw error;
    }
  };
}

/** One that cannot be read, as a newer version may give it, is of nobody that we could count on. */
function readSign(text: string): Heartbeat[] {
  try {
    return [readHeartbeat(text)];
  } catch (error) {
    if (error instanceof BatchyError && error.code === 'foreign-data') return [];
    throw error;
  }
}

/** Whoever tells nothing, as older versions do, could take all that needs nothing. */
function couldTake(
  about: ConductorAbout | undefined,
  { jobName, queue, capabilities }: Parameters<OthersOnline>[0],
): boolean {
  if (about === undefined) return capabilities.length === 0;
  const { queues = [queue], sharedJobs = [jobName] } = about;
  const has = capabilities.every((name) => about.capabilities.includes(name));
  return (
    has && about.isDraining !== true && about.concurrency > 0 && queues.includes(queue) && sharedJobs.includes(jobName)
  );
}
