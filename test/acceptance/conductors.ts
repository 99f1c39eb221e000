import { describe, expect, it, onTestFinished } from 'vitest';

import { conductorsIndex, heartbeatKey, readEnding } from '../../src/domain/heartbeat.ts';
import { createHeartbeat } from '../../src/runner/heartbeat.ts';
import { createConductorRecords } from '../../src/service/conductor-records.ts';
import { createConductorRetention } from '../../src/service/conductor-retention.ts';
import { createManualTimers } from '../runner/manual-timers.ts';
import { createWorld, jobOf } from '../runner/world.ts';
import { createSettableClock } from '../settable-clock.ts';
import type { OpenStores } from './app-with-jobs.ts';

const leaseSeconds = 10;

/** What becomes of the signs of life of conductors that are gone, for any store: the same suite for each. */
export function conductorAcceptance(name: string, openStores: OpenStores): void {
  async function start() {
    const clock = createSettableClock('2026-11-21T12:00:00');
    const stores = await openStores(clock);
    const world = await createWorld({ stores });
    onTestFinished(async () => {
      await world.close();
      await stores.upkeep.close();
    });
    const timers = createManualTimers();
    const { operationId } = world.tools;
    const service = () => createConductorRetention({ ...stores, timers, operationId, leaseSeconds });
    const beat = (conductor: string) =>
      createHeartbeat({
        stores,
        conductor,
        everyMilliseconds: 1000,
        // Its time does not pass: a sign is given when a test says so.
        timers: createManualTimers(),
        operationId,
        onProblem: (error) => {
          throw error;
        },
      });
    const known = () =>
      stores.documents.scan({ index: conductorsIndex, prefix: '', direction: 'ascending', beyond: null, limit: 100 });
    const pass = (seconds: number): void => timers.advance(seconds * 1000);
    const endedBecause = async (conductor: string): Promise<string | null> => {
      const [found = null] = await stores.documents.get([heartbeatKey(conductor)]);
      return found === null ? null : (readEnding(found.text)?.because ?? null);
    };
    const records = createConductorRecords({ stores, operationId });
    return { clock, stores, world, service, beat, known, pass, endedBecause, records };
  }

  describe(`signs of life of conductors on ${name}`, () => {
    it('are forgotten once they are a day old and do not change while they are watched', async () => {
      const { clock, service, beat, known, pass } = await start();
      const { prune } = service();
      for (const conductor of ['killed', 'lost']) await beat(conductor).start();
      clock.advance({ hours: 23 });
      const living = beat('living');
      await living.start();
      for (let looks = 0; looks < 3; looks += 1) {
        expect(await prune()).toBe(0);
        pass(leaseSeconds + 1);
      }
      clock.advance({ hours: 1 });
      // Old now, but seen for the first time.
      expect(await prune()).toBe(0);
      pass(leaseSeconds - 1);
      expect(await prune()).toBe(0);
      pass(2);
      expect(await prune()).toBe(2);
      expect(await known()).toEqual(['living']);
      expect(await prune()).toBe(0);
    });

    it('stay while they are given, whatever somebody does to the clock', async () => {
      const { clock, service, beat, known, pass } = await start();
      const { prune } = service();
      const living = beat('living');
      await living.start();
      for (let looks = 0; looks < 4; looks += 1) {
        // Each time later than the last sign of life by more than they are kept.
        clock.advance({ hours: 48 });
        expect(await prune()).toBe(0);
        pass(leaseSeconds + 1);
        await living.start();
      }
      expect(await known()).toEqual(['living']);
    });

    it('come back with whoever was only suspended, and two services that look forget each once', async () => {
      const { clock, service, beat, known, pass } = await start();
      const services = [service(), service()] as const;
      const suspended = beat('suspended');
      await suspended.start();
      clock.advance({ hours: 25 });
      const pruneBoth = () => Promise.all(services.map(({ prune }) => prune()));
      expect(await pruneBoth()).toEqual([0, 0]);
      pass(leaseSeconds + 1);
      expect((await pruneBoth()).reduce((sum, each) => sum + each)).toBe(1);
      expect(await known()).toEqual([]);
      expect(await pruneBoth()).toEqual([0, 0]);
      await suspended.start();
      expect(await known()).toEqual(['suspended']);
    });

    it('are kept while somebody has yet to be told why an execution was lost', async () => {
      const { clock, world, service, beat, known, pass, endedBecause, records } = await start();
      const { prune } = service();
      await beat('killed').start();
      const job = jobOf([{ name: 'One', body: { kind: 'task', run: async () => null } }]);
      const id = await world.launch(job);
      await world.take(id, 'killed');
      await records.ended('killed', 'was ended by SIGKILL', null);
      clock.advance({ hours: 25 });
      for (let looks = 0; looks < 3; looks += 1) {
        expect(await prune()).toBe(0);
        pass(leaseSeconds + 1);
      }
      expect(await endedBecause('killed')).toBe('was ended by SIGKILL');
      await world.run(id, job);
      expect(await prune()).toBe(1);
      expect(await known()).toEqual([]);
    });
  });
}
