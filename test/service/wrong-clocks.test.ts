import { describe, expect, it } from 'vitest';

import { createClockedSource, type ClockedSource } from './clocked-source.ts';

const kinds = {
  'a plain job': {},
  'a job that reprocesses': { reprocess_hours: 2 },
  'a job that emits its end': { emit_to_date: true },
} as const;
type Kind = keyof typeof kinds;
const yearOfHours = 365 * 24;

/** @returns each of `rows` with each kind of job before it */
function withEachKind<const T extends readonly unknown[]>(...rows: T[]): [Kind, ...T][] {
  return (Object.keys(kinds) as Kind[]).flatMap((kind) => rows.map((row): [Kind, ...T] => [kind, ...row]));
}

const start = (kind: Kind): Promise<ClockedSource> => createClockedSource(kinds[kind]);

describe('a clock that was ahead for one batch', () => {
  it.each(withEachKind([1, 'heartbeat'], [1, 'open'], [yearOfHours, 'heartbeat'], [yearOfHours, 'open']))(
    '%s, %d h ahead, noticed by the %s: refused, also once the time has come; by force the same window again',
    async (kind, hours, noticedBy) => {
      const source = await start(kind);
      await source.run();
      source.pass(0.5);
      source.err(hours);
      const wrong = await source.run();
      source.err(0);
      source.pass(0.1);
      if (noticedBy === 'heartbeat') await source.operations.heartbeat();
      else await source.refused('clock-skew');
      source.pass(hours + 1);
      await source.refused('clock-skew');
      const again = await source.run({ force: true });
      expect(again.from).toBe(wrong.from);
      expect(source.missing()).toEqual([]);
      source.pass(3);
      const next = await source.run();
      expect(next.from).toBe(source.after(again));
      expect(source.missing()).toEqual([]);
    },
  );

  it.each(withEachKind(['failed', 1], ['failed', yearOfHours], ['open', 1], ['open', yearOfHours]))(
    '%s whose batch is %s, %d h ahead: begins where it began, and ends now',
    async (kind, status, hours) => {
      const source = await start(kind);
      await source.run();
      source.pass(0.5);
      source.err(hours);
      const wrong = await source.open();
      if (status === 'failed') await source.end(wrong, 'failed');
      source.err(0);
      source.pass(0.1);
      const again = await source.run();
      expect(again.from).toBe(wrong.from);
      expect(again.until).toBe(source.truth());
      expect(source.missing()).toEqual([]);
    },
  );
});

describe('a clock that is behind', () => {
  it.each(withEachKind([1], [yearOfHours]))(
    '%s, %d h behind after a success: refused, also when it is right again; by force nothing is left out',
    async (kind, hours) => {
      const source = await start(kind);
      const first = await source.run();
      source.pass(0.5);
      source.err(-hours);
      await source.refused('clock-skew');
      source.err(0);
      source.pass(3);
      await source.refused('clock-skew');
      const again = await source.run({ force: true });
      expect(again.from).toBeLessThanOrEqual(first.from);
      expect(source.missing()).toEqual([]);
    },
  );

  it.each(withEachKind(['failed', 1], ['failed', yearOfHours], ['open', 1], ['open', yearOfHours]))(
    '%s whose batch is %s, %d h behind: begins no later than it began, or is refused where nothing would be left',
    async (kind, status, hours) => {
      const source = await start(kind);
      const first = await source.open();
      if (status === 'failed') await source.end(first, 'failed');
      source.pass(0.5);
      source.err(-hours);
      const noticed = source.reading();
      if (hours === yearOfHours) await source.refused('empty-window');
      else expect((await source.open()).from).toBe(first.from);
      source.err(0);
      source.pass(3);
      const again = await source.run();
      expect(again.from).toBe(noticed < first.from ? noticed : first.from);
      expect(source.missing()).toEqual([]);
      source.pass(3);
      await source.run();
      expect(source.missing()).toEqual([]);
    },
  );
});

describe('a clock that stands still', () => {
  it.each(withEachKind([]))('%s: no window is empty, and none begins later than the last one ended', async (kind) => {
    const source = await start(kind);
    source.freeze();
    const first = await source.run();
    source.pass(2);
    for (let round = 1; round <= 3; round += 1) {
      if (kind !== 'a job that reprocesses') {
        await source.refused('empty-window');
        continue;
      }
      const again = await source.run();
      expect([again.batchId, again.from]).toEqual([first.batchId + round, source.after(first)]);
    }
    source.thaw();
    const next = await source.run();
    expect(next.batchId).toBeGreaterThan(first.batchId);
    expect(next.from).toBe(source.after(first));
    expect(source.missing()).toEqual([]);
  });

  it.each(withEachKind(['failed'], ['open']))(
    '%s whose batch is %s: the same window under ids of its own, and late clients stay outside',
    async (kind, status) => {
      const source = await start(kind);
      source.freeze();
      const first = await source.open();
      let last = first;
      for (let round = 1; round <= 3; round += 1) {
        if (status === 'failed') await source.end(last, 'failed');
        source.pass(1);
        last = await source.open();
        expect(last).toEqual({ ...first, batchId: first.batchId + round });
      }
      expect(await source.tryEnd(first, 'success')).toMatchObject({ ok: false, code: 'stale-batch' });
      await source.finish(last);
      source.thaw();
      source.pass(1);
      await source.run();
      expect(source.missing()).toEqual([]);
    },
  );
});
