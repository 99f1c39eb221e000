import { beforeEach, expect, it } from 'vitest';

import { BatchyError } from '../../src/domain/errors.ts';
import { createOutages, type Outages } from '../../src/service/outages.ts';
import { createManualTimers, type ManualTimers } from '../runner/manual-timers.ts';

const unavailable = new BatchyError('store-unavailable', 'Redis cannot be used: it is gone.');

let timers: ManualTimers;
let lines: string[];
let outages: Outages;
beforeEach(() => {
  timers = createManualTimers();
  lines = [];
  outages = createOutages({ timers, log: (level, message) => lines.push(`${level} ${message}`) });
});

it('tells of an outage when it begins and when it is over, however often and by how many it is met', () => {
  const [one, other] = [outages.source(), outages.source()];
  one.over();
  expect(lines).toEqual([]);
  one.met(unavailable);
  one.met(unavailable);
  other.met(new Error('connect ECONNREFUSED'));
  expect(lines).toEqual([
    expect.stringMatching(/^warn Redis cannot be used: it is gone\. This process goes on trying/),
  ]);
  timers.advance(19_500);
  one.over();
  expect(lines).toHaveLength(1);
  other.over();
  one.over();
  expect(lines.slice(1)).toEqual(['info The store answers again, after 20 s.']);
  other.met(new Error('connect ECONNREFUSED'));
  expect(lines.slice(2)).toEqual([expect.stringMatching(/^warn The store cannot be used: connect ECONNREFUSED\. /)]);
});

it('lets what it explains be told at level debug while it lasts, and nothing else', () => {
  expect(outages.levelOf(unavailable)).toBe('warn');
  const source = outages.source();
  source.met(unavailable);
  expect(outages.levelOf(unavailable)).toBe('debug');
  expect(outages.levelOf(new BatchyError('store-full', 'Redis has no memory left.'))).toBe('warn');
  expect(outages.levelOf(new Error('of a job'))).toBe('warn');
  source.over();
  expect(outages.levelOf(unavailable)).toBe('warn');
});
