import type { PlantedBug } from '../planted-bug.ts';

const conductor = 'src/runner/conductor.ts';
const runs = 'src/runner/owned-runs.ts';
const waiting = 'test/runner/waiting.test.ts';
const conducting = 'test/runner/conductor.test.ts';

/** Of conductors and schedules. */
export const conductorBugs: readonly PlantedBug[] = [
  {
    id: 'taken-while-its-owner-lives',
    bug: 'an execution is taken over although its owner gives signs of life',
    breaks: 'lease',
    file: 'src/runner/stray-executions.ts',
    find: 'return lost === undefined ? [] : [{ id, owner, lost }];',
    replace: 'return [{ id, owner, lost: lost ?? unseen }];',
    caughtBy: { file: waiting, name: 'is not taken for a stray while its conductor lives' },
  },
  {
    id: 'gone-at-the-first-look',
    bug: 'an owner counts as gone before its sign has stood still for a lease',
    breaks: 'lease',
    file: 'src/runner/owner-watch.ts',
    find: 'if (stillFor >= leaseSeconds * 1000)',
    replace: 'if (stillFor >= 0)',
    caughtBy: { file: 'test/runner/owner-watch.test.ts' },
  },
  {
    id: 'unseen-counts-as-still',
    bug: 'owners are taken for gone after a time in which nobody could look, since the store was away',
    breaks: 'never one thing twice',
    file: 'src/runner/owner-watch.ts',
    find: 'const watched = Math.min(now - lookedAt, (leaseSeconds * 1000) / 3);',
    replace: 'const watched = now - lookedAt;',
    caughtBy: { file: 'test/runner/owner-watch.test.ts' },
  },
  {
    id: 'hand-back-counts-as-takeover',
    bug: 'what a conductor hands back in good order counts as a takeover',
    breaks: 'graceful stop',
    file: runs,
    find: 'isItsOwn && !isOver',
    replace: '!isOver',
    caughtBy: { file: conducting, name: 'hands back what it runs when it ends' },
  },
  {
    id: 'takeovers-without-end',
    bug: 'an execution that kills each of its owners is taken over for ever',
    breaks: 'maxTakeovers',
    file: runs,
    find: 'isItsOwn && !isOver',
    replace: 'false',
    caughtBy: { file: conducting, name: 'takes over only when the owner’s heartbeat has stood still' },
  },
  {
    id: 'capability-not-asked',
    bug: 'work is taken without asking for what it needs',
    breaks: 'capabilities',
    file: 'src/runner/capabilities.ts',
    find: 'for (const name of required) if (!(await isThere(name, work))) return false;',
    replace: '',
    caughtBy: { file: 'test/runner/capabilities.test.ts', name: 'takes it as soon as the capability is there' },
  },
  {
    id: 'capability-asked-after-the-take',
    bug: 'an execution is taken before its capabilities are asked for: a no leaves it with who cannot run it',
    breaks: 'capabilities',
    file: runs,
    find: "      return 'refused';\n",
    replace: `      return takeLease(stores, claimable, { conductor: id, operation: operation(), countsAsTakeover: true }).then(
        () => 'refused' as const,
      );
`,
    caughtBy: { file: waiting, name: 'is given back without an attempt where a capability says no' },
  },
  {
    id: 'strays-left-alone',
    bug: 'nobody looks for executions whose owner is gone',
    breaks: 'takeover',
    file: conductor,
    find: 'await takeStrays();',
    replace: 'void takeStrays;',
    caughtBy: { file: conducting, name: 'goes on with the execution of a conductor that died' },
  },
  {
    id: 'heartbeat-on-the-same-loop',
    bug: 'the sign of life is given by the event loop that job code holds up',
    breaks: 'lease',
    file: 'src/conductor-process.ts',
    find: `    heartbeat: {
      start: () => pulse.start(aboutUs(role, settings, capabilities)),
      stop: () => pulse.stop(),
    },
`,
    replace: '',
    caughtBy: { file: 'test/faults/computing-job.test.ts', name: 'on the embedded store' },
  },
  {
    id: 'schedule-fires-twice',
    bug: 'a firing is launched by each server that finds it due: nobody compares what is next',
    breaks: 'no double firing',
    file: 'src/service/firings.ts',
    find: 'if (found?.revision !== kept.revision) throw new ScheduleChanged();',
    replace: 'if (found === null) throw new ScheduleChanged();',
    caughtBy: { file: 'test/service/firings.test.ts' },
  },
  {
    id: 'missed-firings-lost',
    bug: 'of firings that were missed only the last is launched, though all are to be',
    breaks: 'catchup',
    file: 'src/domain/schedule.ts',
    find: "if (!isMissed || catchup === 'all')",
    replace: 'if (!isMissed)',
    caughtBy: { file: 'test/domain/schedule.test.ts' },
  },
  {
    id: 'firing-lost-in-the-gap',
    bug: 'a firing in the hour that summer time leaves out never comes',
    breaks: 'DST',
    file: 'src/domain/cron.ts',
    find: 'return first ?? bisectOffsetChange(zone, left, right);',
    replace: 'return first ?? Number.NEGATIVE_INFINITY;',
    caughtBy: { file: 'test/domain/cron.test.ts' },
  },
  {
    id: 'firing-twice-in-the-hour-that-comes-twice',
    bug: 'a firing in the hour that comes twice at the end of summer time is launched twice',
    breaks: 'DST',
    file: 'src/domain/cron.ts',
    find: 'const first = instants.find((instant) => instant + offsetAt(zone, instant) === shown);',
    replace: 'const first = instants.findLast((instant) => instant + offsetAt(zone, instant) === shown);',
    caughtBy: { file: 'test/domain/cron.test.ts' },
  },
];
