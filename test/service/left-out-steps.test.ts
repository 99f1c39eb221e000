import { describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { defineJob, step } from '../../src/authoring/index.ts';
import { decodeExecution } from '../../src/domain/execution-text.ts';
import { createServices } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Json } from '../../src/domain/json.ts';
import { createSettableClock } from '../settable-clock.ts';

const caller = { name: 'ann', idempotency: null };

async function servicesOf(more: { readonly newInstancePerLaunch?: boolean; readonly workflow?: string }) {
  const { definition } = defineJob({
    name: 'Listed',
    steps: ['a', 'b', 'c'].map((name) => step(name, () => {})),
    ...more,
  });
  const stores = await createMemoryStores({ clock: createSettableClock('2026-11-22T12:00:00') });
  const { settings } = loadSettings({ folder: '/nowhere', environment: {} });
  const services = createServices(stores, settings, {
    catalog: {
      ready: async () => {},
      jobs: () => new Map([['Listed', { definition, file: 'listed.ts', version: 'aaaaaaaaaaaa', readAt: 0n }]]),
      broken: () => [],
    },
    look: () => {},
    stopping: new AbortController().signal,
  });
  const launch = async (deselected: readonly string[]): Promise<Json> => {
    const { answer } = await services.jobs.launch(
      'Listed',
      { body: undefined, force: false, supersede: false, deselected },
      caller,
      ({ id, deselected: left = [] }) => ({ status: 202, headers: {}, body: JSON.stringify({ id, left }) }),
    );
    return JSON.parse(answer.body) as Json;
  };
  return { launch, stores };
}

describe('steps that a launch leaves out', () => {
  it('are kept with the execution', async () => {
    const { launch, stores } = await servicesOf({ newInstancePerLaunch: true });
    expect(await launch(['b', 'a'])).toEqual({ id: 1, left: ['b', 'a'] });
    const [stored] = await stores.documents.get([{ collection: 'execution', id: '1' }]);
    expect(decodeExecution(stored?.text ?? '').deselected).toEqual(['b', 'a']);
  });

  it.each([
    ['of a job whose launches share an instance', {}, ['a'], /runs whole/],
    ['that are not there', { newInstancePerLaunch: true }, ['x', 'a'], /no "x"/],
    ['until nothing is left', { newInstancePerLaunch: true }, ['a', 'b', 'c', 'a'], /nothing would be left/],
  ])('are refused: %s', async (_case, job, deselected, message) => {
    const { launch, stores } = await servicesOf(job);
    await expect(launch(deselected)).rejects.toThrow(message);
    expect(await stores.documents.get([{ collection: 'execution', id: '1' }])).toEqual([null]);
  });
});
