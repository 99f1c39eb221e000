import { expect, it } from 'vitest';

import { onAbort } from '../../src/runner/on-abort.ts';

it('calls all who listen, in their order, and none who does no longer', () => {
  const controller = new AbortController();
  const told: string[] = [];
  const call = (): void => void told.push('twice');
  onAbort(controller.signal, () => told.push('first'));
  const release = onAbort(controller.signal, () => told.push('released'));
  onAbort(controller.signal, call);
  onAbort(controller.signal, call);
  release();
  controller.abort();
  expect(told).toEqual(['first', 'twice', 'twice']);
});

it('goes on after a time in which nobody listened, also where one stops to listen twice', () => {
  const controller = new AbortController();
  const told: string[] = [];
  const release = onAbort(controller.signal, () => told.push('released'));
  release();
  onAbort(controller.signal, () => told.push('later'));
  release();
  onAbort(controller.signal, () => told.push('last'));
  controller.abort();
  expect(told).toEqual(['later', 'last']);
});
