import { expect, it } from 'vitest';

import { createOrphans } from '../../src/runner/orphans.ts';
import { executionOf } from '../domain/instance-of.ts';
import { createManualTimers } from './manual-timers.ts';

it('are told of once, when others have had a lease’s time to take them', () => {
  const timers = createManualTimers();
  const told: string[] = [];
  const orphans = createOrphans(timers, 10, ({ detail }) => told.push(detail));
  const look = (): void => [1, 2].forEach((id) => orphans.found({ ...executionOf('STARTED'), id }));
  look();
  timers.advance(9999);
  look();
  expect(told).toEqual([]);
  timers.advance(1);
  look();
  look();
  expect(told).toEqual([
    expect.stringMatching(/^Execution 1 is STARTED .*"Load" is missing or broken.*batchy stop 1\.$/),
    expect.stringMatching(/^Execution 2 /),
  ]);
});
