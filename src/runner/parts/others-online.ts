import { conductorsIndex, type Heartbeat, heartbeatKey, readHeartbeat } from '../../domain/heartbeat.ts';
import { nanosecondsPerSecond } from '../../domain/time.ts';
import type { Stores } from '../../ports/stores.ts';
import type { Timers } from '../../ports/timers.ts';
import { pagesOf } from '../index-members.ts';

/** How many other conductors give signs of life that may have all of these. @throws BatchyError `store-unavailable` */
export type OthersOnline = (capabilities: readonly string[]) => Promise<number>;

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
        if (found !== null) signs.push(readHeartbeat(found.text));
    }
    if (signs.length === 0) return signs;
    const oldest = (await clock.now()) - BigInt(leaseSeconds * 1000) * (nanosecondsPerSecond / 1000n);
    return signs.filter(({ at, endedBecause }) => endedBecause === undefined && at >= oldest);
  }

  return async (capabilities) => {
    const now = timers.monotonic();
    if (known === null || now - known.at >= fresh) known = { at: now, online: look() };
    try {
      const online = await known.online;
      return online.filter(({ about }) => capabilities.every((name) => about?.capabilities.includes(name) === true))
        .length;
    } catch (error) {
      known = null;
      throw error;
    }
  };
}
