import { beforeEach, describe, expect, it } from 'vitest';

import { startWatchdog, type Watchdog } from '../src/conductor-watchdog.ts';
import { createManualTimers, type ManualTimers } from './runner/manual-timers.ts';

describe('a watchdog', () => {
  let timers: ManualTimers;
  let told: string[];
  let watchdog: Watchdog;
  beforeEach(() => {
    timers = createManualTimers();
    told = [];
    watchdog = startWatchdog({
      timers,
      everyMilliseconds: 1000,
      warnAfterMilliseconds: 3000,
      endAfterMilliseconds: 5000,
      ask: () => told.push('ask'),
      onSilent: () => told.push('silent'),
      onAnswer: (seconds) => told.push(`answers after ${seconds} s`),
      onLost: () => told.push('lost'),
    });
  });

  function rounds(count: number): void {
    for (let round = 0; round < count; round += 1) timers.advance(1000);
  }

  it('asks again a while after each answer, and says nothing as long as there are answers', () => {
    for (let round = 0; round < 3; round += 1) {
      rounds(2);
      watchdog.answered();
    }
    expect(told).toEqual(['ask', 'ask', 'ask']);
    expect(watchdog.silentSeconds()).toBe(0);
  });

  it('asks once, warns once, and gives up at the end', () => {
    rounds(2);
    expect(told).toEqual(['ask']);
    rounds(2);
    expect(told).toEqual(['ask', 'silent']);
    expect(watchdog.silentSeconds()).toBe(4);
    rounds(10);
    expect(told).toEqual(['ask', 'silent', 'lost']);
    watchdog.answered();
    rounds(10);
    expect(told).toEqual(['ask', 'silent', 'lost']);
  });

  it('tells of an answer that came late, and may warn again', () => {
    rounds(4);
    watchdog.answered();
    expect(told).toEqual(['ask', 'silent', 'answers after 4 s']);
    rounds(4);
    expect(told.slice(3)).toEqual(['ask', 'silent']);
  });

  it('takes a machine that slept for no answer in one round only', () => {
    timers.advance(3_600_000);
    expect(told).toEqual(['ask']);
    expect(watchdog.silentSeconds()).toBe(1);
  });

  it('leaves alone what it was told to', () => {
    watchdog.stop();
    watchdog.answered();
    rounds(10);
    expect(told).toEqual(['ask']);
    expect(timers.waiting()).toBe(0);
  });
});
