import { expect, it } from 'vitest';

import { createNumberedIds } from '../../../src/adapters/system/numbered-ids.ts';

it('gives ids that differ, also from those of another process', () => {
  const [one, other] = [createNumberedIds(), createNumberedIds()];
  const ids = [one(), one(), other(), one(), other()];
  expect(new Set(ids).size).toBe(5);
  for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]+$/);
});
