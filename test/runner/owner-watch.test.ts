import { expect, it } from 'vitest';

import type { StoredDocument } from '../../src/ports/document-reader.ts';
import { createOwnerWatch } from '../../src/runner/owner-watch.ts';

const leaseSeconds = 9;

/** A watch whose clock and whose store are ours: a sign of life by conductor, or none. */
function watching() {
  const signs = new Map<string, StoredDocument>();
  let now = 0;
  const nothing = undefined as never;
  const documents = {
    get: (keys: readonly { id: string }[]) => Promise.resolve(keys.map(({ id }) => signs.get(id) ?? null)),
    scan: nothing,
    reserve: nothing,
  };
  const watch = createOwnerWatch(
    documents,
    { monotonic: () => now, wall: nothing, after: nothing },
    leaseSeconds,
    'own',
  );
  return {
    /** @param lease as it tells it, in seconds */
    garble: (id: string) => signs.set(id, { revision: 1, text: '{"about":{"lease_milliseconds":0.5}}' }),
    forget: (id: string) => signs.delete(id),
    beat: (id: string, lease?: number) =>
      signs.set(id, {
        revision: (signs.get(id)?.revision ?? 0) + 1,
        text: lease === undefined ? '{}' : JSON.stringify({ about: { lease_milliseconds: lease * 1000 } }),
      }),
    /** Who is gone, looked at after so many seconds. */
    goneAfter: async (seconds: number): Promise<string[]> => {
      now += seconds * 1000;
      return [...(await watch.gone(['a', 'b'])).keys()];
    },
  };
}

it('takes whoever has given no sign for a lease for gone, from when it was first looked at', async () => {
  const { beat, goneAfter } = watching();
  beat('a');
  beat('b');
  expect(await goneAfter(0)).toEqual([]);
  for (let second = 1; second < leaseSeconds; second += 1) {
    beat('b');
    expect(await goneAfter(1)).toEqual([]);
  }
  expect(await goneAfter(1)).toEqual(['a']);
});

it('takes whoever has taken its sign away for gone at once', async () => {
  const { beat, goneAfter } = watching();
  beat('a');
  expect(await goneAfter(0)).toEqual(['b']);
});

it('has seen nothing while it could not look: the store was away, for the others, too', async () => {
  const { beat, goneAfter } = watching();
  beat('a');
  beat('b');
  await goneAfter(0);
  await goneAfter(1);
  expect(await goneAfter(60)).toEqual([]);
  beat('b');
  for (let second = 0; second < leaseSeconds; second += 1) await goneAfter(1);
  expect(await goneAfter(1)).toContain('a');
});

it('takes nobody for gone as long as its own sign does not get through: the store takes no writes, of the others neither', async () => {
  const { beat, goneAfter } = watching();
  for (const id of ['a', 'b', 'own']) beat(id);
  await goneAfter(0);
  for (let second = 0; second < 60; second += 1) expect(await goneAfter(1)).toEqual([]);
  beat('own');
  expect(await goneAfter(1)).toEqual([]);
  beat('b');
  for (let second = 1; second < leaseSeconds - 1; second += 1) {
    beat('own');
    expect(await goneAfter(1)).toEqual([]);
  }
  beat('own');
  expect(await goneAfter(1)).toContain('a');
});

it('goes by the lease that each tells, whatever its own is', async () => {
  const { beat, goneAfter } = watching();
  beat('a', leaseSeconds * 3);
  beat('b', leaseSeconds / 3);
  expect(await goneAfter(0)).toEqual([]);
  for (let second = 1; second < leaseSeconds / 3; second += 1) expect(await goneAfter(1)).toEqual([]);
  for (let second = leaseSeconds / 3; second < leaseSeconds * 3; second += 1) expect(await goneAfter(1)).toEqual(['b']);
  expect(await goneAfter(1)).toEqual(['a', 'b']);
});

it('has not seen what a short lease would have needed, where it could not look for long', async () => {
  const { beat, goneAfter } = watching();
  beat('a', leaseSeconds);
  beat('b', 3);
  await goneAfter(0);
  await goneAfter(1);
  expect(await goneAfter(60)).toEqual([]);
});

it('takes nobody for gone while the sign that it has given itself is missing', async () => {
  const { beat, forget, goneAfter } = watching();
  beat('own');
  beat('a');
  beat('b');
  expect(await goneAfter(0)).toEqual([]);
  for (const id of ['own', 'a', 'b']) forget(id);
  expect(await goneAfter(1)).toEqual([]);
  beat('own');
  expect(await goneAfter(1)).toEqual(['a', 'b']);
});

it('takes nobody whose sign stands still for gone while the one that it has given itself is missing', async () => {
  const { beat, forget, goneAfter } = watching();
  for (const id of ['own', 'a', 'b']) beat(id);
  await goneAfter(0);
  forget('own');
  for (let second = 0; second < leaseSeconds * 2; second += 1) expect(await goneAfter(1)).toEqual([]);
});

it('takes nobody with a shorter lease for gone before it would show that its own sign gets through', async () => {
  const { beat, goneAfter } = watching();
  beat('own');
  for (const id of ['a', 'b']) beat(id, 2);
  for (let second = 0; second < leaseSeconds; second += 1) expect(await goneAfter(1)).toEqual([]);
  beat('own');
  for (let second = 0; second < 4; second += 1) await goneAfter(1);
  beat('own');
  expect(await goneAfter(0)).toEqual(['a', 'b']);
});

it('goes by its own lease of one whose sign cannot be read', async () => {
  const { garble, goneAfter } = watching();
  for (const id of ['a', 'b']) garble(id);
  for (let second = 0; second < leaseSeconds; second += 1) expect(await goneAfter(1)).toEqual([]);
  expect(await goneAfter(1)).toEqual(['a', 'b']);
});
