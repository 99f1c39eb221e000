import { expect, it } from 'vitest';

import {
  countEnd,
  countStep,
  createJobCounts,
  labelOfJob,
  mostCountedJobs,
  otherJobs,
  stepSecondsBounds,
} from '../../src/domain/job-counts.ts';

it('adds up what several processes have counted, each of them once', () => {
  const conductor = createJobCounts();
  const service = createJobCounts();
  countEnd(conductor.of('Load'), 'FAILED');
  countEnd(service.of('Load'), 'FAILED');
  countEnd(service.of('Load'), 'ABANDONED');
  countStep(conductor.of('Load'), 2);
  conductor.of('Load').itemsRead += 7;
  // As it arrives from another process.
  service.add(structuredClone(conductor.take()));
  service.add(structuredClone(conductor.take()));
  const sum = service.tallies.get('Load');
  expect(Object.fromEntries(sum?.ended ?? [])).toEqual({ FAILED: 2, ABANDONED: 1 });
  expect(sum).toMatchObject({ itemsRead: 7, itemsWritten: 0, steps: 1, stepSeconds: 2 });
  expect(sum?.stepBuckets.reduce((all, each) => all + each, 0)).toBe(1);
});

it('counts a step in the first bucket that holds it, and one that is longer than all in the last', () => {
  const tally = createJobCounts().of('Load');
  const last = stepSecondsBounds.at(-1) as number;
  for (const seconds of [0, 0.1, 0.11, last, last + 1]) countStep(tally, seconds);
  expect(tally.stepBuckets).toEqual([2, 1, ...stepSecondsBounds.slice(3).map(() => 0), 1, 1]);
});

it('tells so many jobs apart, and counts all others together, however many there are', () => {
  const counts = createJobCounts();
  for (let job = 0; job < mostCountedJobs * 3; job += 1) countEnd(counts.of(`Job${job}`), 'COMPLETED');
  countEnd(counts.of('Job0'), 'COMPLETED');
  expect(counts.tallies.size).toBe(mostCountedJobs + 1);
  expect(counts.tallies.get(otherJobs)?.ended.get('COMPLETED')).toBe(mostCountedJobs * 2);
  expect(counts.tallies.get('Job0')?.ended.get('COMPLETED')).toBe(2);
  expect(labelOfJob(counts.tallies, `Job${mostCountedJobs}`)).toBe(otherJobs);
});
