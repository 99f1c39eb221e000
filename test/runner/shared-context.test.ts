import { expect, it } from 'vitest';

import { createContextOverlay } from '../../src/runner/shared-context.ts';

it('takes null for a value like any other', () => {
  const { context } = createContextOverlay(() => new Map([['stored', null]]));
  context.set('own', null);
  expect(['stored', 'own', 'missing'].map((key) => context.get(key, 'default'))).toEqual([null, null, 'default']);
  expect([context.get('stored'), context.has('stored')]).toEqual([null, true]);
  expect(() => context.get('missing')).toThrow('The context has no "missing"');
});
