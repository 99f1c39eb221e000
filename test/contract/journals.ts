import { describe, expect, it, vi } from 'vitest';
import type { JournalEntry } from '../../src/domain/change.ts';
import type { BatchStatus } from '../../src/domain/execution.ts';
import type { JournalPage } from '../../src/ports/journal.ts';
import { at, change, commit, entry, put } from './fixtures.ts';
import type { Bench } from './store-contract.ts';

const everything: JournalPage = { workflow: null, direction: 'ascending', beyond: null, limit: 100 };

export function itJournals(bench: Bench): void {
  describe('the journal', () => {
    it('keeps each entry whole', async () => {
      const { store, journal } = await bench.fresh();
      const whole = entry({
        reason: 'because "ü"\n',
        jobs: [
          {
            job: 'a: b',
            before: null,
            after: { status: 'open', batchId: 5, fromDate: at('1776-07-04'), until: at('2026-01-01T00:00:00.000001') },
            changed: ['rows'],
          },
          { job: '__proto__', before: { status: 'new', batchId: null, fromDate: null, until: null }, after: null },
        ],
      });
      const outcome = await store.commit(commit([], { journal: [whole] }));
      expect(outcome).toMatchObject({ kind: 'committed' });
      const [found] = await journal.read(everything);
      expect(found?.entry).toEqual(whole);
      expect(outcome.kind === 'committed' && outcome.sequences).toEqual([found?.sequence]);
    });

    it('numbers entries upwards in the order of the commits', async () => {
      const [one, other] = await bench.pair();
      const given: number[] = [];
      for (const stores of [one, other, one]) {
        const outcome = await stores.store.commit(commit([], { journal: [entry(), entry({ workflow: 'wf2' })] }));
        if (outcome.kind === 'committed') given.push(...outcome.sequences);
      }
      expect(given).toHaveLength(6);
      expect(given).toEqual([...new Set(given)].sort((left, right) => left - right));
      expect((await other.journal.read(everything)).map(({ sequence }) => sequence)).toEqual(given);
      expect(await one.journal.bounds()).toEqual({ first: given[0], last: given[5] });
    });

    it('tells what executions became, and nothing of other entries', async () => {
      const stores = await bench.fresh();
      const became = (after: BatchStatus, more: Partial<JournalEntry> = {}): JournalEntry =>
        entry({
          type: 'execution-changed',
          workflow: null,
          execution: { id: 7, jobName: '","after":"FAILED"}}', stepName: null, before: 'STARTED', after },
          ...more,
        });
      const all = [
        became('STARTING'),
        entry({ reason: '{"type":"execution-changed","after":"STOPPED"}}' }),
        became('STOPPING', { reason: '"after":"UNKNOWN"}}' }),
        became('COMPLETED', { type: 'step-changed' }),
        became('STARTING'),
      ];
      const outcome = await stores.store.commit(commit([], { journal: all }));
      const [first = 0, , , , last = 0] = outcome.kind === 'committed' ? outcome.sequences : [];
      const whole = await stores.journal.executionStatuses(first - 1, 100);
      expect(whole).toEqual({ last, isMore: false, statuses: new Set(['STARTING', 'STOPPING']), offersParts: false });
      const page = await stores.journal.executionStatuses(first, 2);
      expect(page).toEqual({ last: first + 2, isMore: true, statuses: new Set(['STOPPING']), offersParts: false });
      const nothing = { isMore: false, statuses: new Set(), offersParts: false };
      expect(await stores.journal.executionStatuses(last, 2)).toEqual({ last, ...nothing });
    });

    it('tells that a part of an execution was offered, and takes nothing else for that', async () => {
      const stores = await bench.fresh();
      const step = (after: BatchStatus, more: Partial<JournalEntry> = {}): JournalEntry =>
        entry({
          type: 'step-changed',
          workflow: null,
          execution: { id: 7, jobName: 'Load', stepName: '"after":"STARTING"}}', before: null, after },
          ...more,
        });
      const others = [
        step('STARTED'),
        step('STARTING', { type: 'execution-changed' }),
        entry({ reason: '{"type":"step-changed","after":"STARTING"}}' }),
      ];
      const outcome = await stores.store.commit(commit([], { journal: [...others, step('STARTING')] }));
      const [first = 0, , , last = 0] = outcome.kind === 'committed' ? outcome.sequences : [];
      expect((await stores.journal.executionStatuses(first - 1, 3)).offersParts).toBe(false);
      expect((await stores.journal.executionStatuses(first - 1, 100)).offersParts).toBe(true);
      expect((await stores.journal.executionStatuses(last - 1, 100)).offersParts).toBe(true);
    });

    it('is empty at first', async () => {
      const { journal } = await bench.fresh();
      expect(await journal.bounds()).toEqual({ first: 0, last: 0 });
      expect(await journal.read(everything)).toEqual([]);
      expect(await journal.read({ ...everything, direction: 'descending', workflow: 'wf1' })).toEqual([]);
    });

    it('is read in pages, either way, whole or of one workflow', async () => {
      const stores = await bench.fresh();
      for (let index = 0; index < 9; index++) {
        await put(stores, { name: `wf${index % 3}` }, [entry({ workflow: `wf${index % 3}`, batchId: index })]);
      }
      for (const direction of ['ascending', 'descending'] as const) {
        for (const workflow of [null, 'wf1']) {
          const ids = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((id) => workflow === null || id % 3 === 1);
          for (const limit of [1, 2, 20]) {
            const paged: (number | null)[] = [];
            let beyond: number | null = null;
            for (;;) {
              const page = await stores.journal.read({ workflow, direction, beyond, limit });
              expect(page.length).toBeLessThanOrEqual(limit);
              paged.push(...page.map((line) => line.entry.batchId));
              if (page.length === 0) break;
              beyond = page.at(-1)?.sequence ?? null;
            }
            expect(paged).toEqual(direction === 'ascending' ? ids : ids.toReversed());
          }
        }
      }
      expect(await stores.journal.read({ ...everything, beyond: 1e12 })).toEqual([]);
      expect(await stores.journal.read({ ...everything, direction: 'descending', beyond: 0 })).toEqual([]);
    });

    it('tells every subscriber of commits by anybody', async () => {
      const [one, other] = await bench.pair();
      const first = vi.fn();
      const second = vi.fn();
      const endFirst = one.journal.subscribe(first);
      const endSecond = one.journal.subscribe(second);
      // A subscription may take a moment to stand, so the commits go on until it has been heard of.
      const heard = (told: ReturnType<typeof vi.fn>) =>
        vi.waitFor(
          async () => {
            await other.store.commit(commit([], { journal: [entry()] }));
            expect(told).toHaveBeenCalled();
          },
          { timeout: 20_000, interval: 100 },
        );
      await heard(first);
      await heard(second);
      endFirst();
      first.mockClear();
      second.mockClear();
      await heard(second);
      expect(first).not.toHaveBeenCalled();
      endSecond();
      endSecond();
    });

    it('tells of the last commit of a burst', async () => {
      const [one, other] = await bench.pair();
      let seen = 0;
      async function look(): Promise<void> {
        seen = Math.max(seen, (await one.journal.bounds()).last);
      }
      const end = one.journal.subscribe(() => {
        void look();
      });
      await vi.waitFor(
        async () => {
          await other.store.commit(commit([], { journal: [entry()] }));
          expect(seen).toBeGreaterThan(0);
        },
        { timeout: 20_000, interval: 100 },
      );
      for (let index = 0; index < 50; index++)
        await other.store.commit(commit([change({ name: `wf${index}` })], { journal: [entry()] }));
      const { last } = await other.journal.bounds();
      await vi.waitFor(() => expect(seen).toBe(last), { timeout: 20_000 });
      end();
    });
  });
}
