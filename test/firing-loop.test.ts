import { expect, it } from 'vitest';

import { createFiringLoop } from '../src/firing-loop.ts';

it('tells as loud as it is asked to that it could not look, and goes on', async () => {
  const told: string[] = [];
  const log = { warn: () => told.push('warn'), debug: () => told.push('debug') };
  const fireDue = async (): Promise<never> => {
    throw new Error('the store is away');
  };
  for (const level of ['warn', 'debug'] as const) {
    const loop = createFiringLoop({ fireDue }, log, { levelOf: () => level });
    loop.begin();
    await loop.end();
  }
  expect(told).toEqual(['warn', 'debug']);
});
