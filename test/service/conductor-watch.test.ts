import { beforeEach, describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { documentChange } from '../../src/domain/execution-documents.ts';
import { type Heartbeat, heartbeatDocument, heartbeatKey } from '../../src/domain/heartbeat.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { createGoneCheck } from '../../src/service/conductor-watch.ts';
import { createSettableClock } from '../settable-clock.ts';

describe('whether a conductor is gone', () => {
  let stores: Stores;
  beforeEach(async () => {
    stores = await createMemoryStores({ clock: createSettableClock('2026-11-21T12:00:00') });
  });
  const never = new AbortController().signal;
  const isGone = (leaseSeconds: number): Promise<boolean> =>
    createGoneCheck(stores.documents, leaseSeconds, never)('host-1');

  let beats = 0;
  async function beat(more: Partial<Heartbeat> = {}): Promise<void> {
    const [found = null] = await stores.documents.get([heartbeatKey('host-1')]);
    const document = heartbeatDocument({ conductor: 'host-1', at: await stores.clock.now(), ...more });
    await stores.store.commit({
      operation: { id: `beat-${(beats += 1)}`, fingerprint: '', answer: null, keepSeconds: 60 },
      changes: [documentChange(found === null ? null : { ...document, revision: found.revision }, document)],
      journal: [],
    });
  }

  it('is known at once where it has taken its sign of life away, or was seen to end', async () => {
    // With a lease of months, whoever waited for its end would not answer.
    expect(await isGone(1e7)).toBe(true);
    await beat({ endedBecause: 'ended with exit code 7' });
    expect(await isGone(1e7)).toBe(true);
  });

  it('is known as soon as it gives a sign of life', async () => {
    await beat();
    const documents: Stores['documents'] = {
      ...stores.documents,
      async get(keys) {
        const found = await stores.documents.get(keys);
        await beat();
        return found;
      },
    };
    expect(await createGoneCheck(documents, 1, never)('host-1')).toBe(false);
  });

  it('is known where none came in the time of a lease', async () => {
    await beat();
    expect(await isGone(0.1)).toBe(true);
  });

  it('is judged by the lease that it tells', async () => {
    const about = { host: 'etl-1', processId: 7, role: 'worker', concurrency: 4, capabilities: [] } as const;
    await beat({ about: { ...about, leaseSeconds: 0.1 } });
    expect(await isGone(1e7)).toBe(true);
  });
});
