import type { PlantedBug } from '../planted-bug.ts';

const conductor = 'src/runner/conductor.ts';
const gate = 'src/domain/gate.ts';
const gates = 'src/runner/gates.ts';
const ownership = 'src/runner/ownership.ts';
const parts = 'src/runner/parts/part-store.ts';
const waiting = 'test/runner/waiting.test.ts';
const bullmq = 'test/adapters/bullmq/dispatcher.test.ts';
const racing = 'test/runner/gate-races.test.ts';
const owning = 'test/runner/parts/ownership.test.ts';
const admitting = 'test/domain/gate.test.ts';
const partitions = 'test/runner/parts/partitions.test.ts';

/** Of how work comes to conductors: queues, limits, and parts that others run. */
export const queueBugs: readonly PlantedBug[] = [
  {
    id: 'handed-over-while-its-owner-lives',
    bug: 'a message that comes a second time takes an execution from the owner who runs it',
    breaks: 'a doubled message has no effect',
    file: conductor,
    find: 'slots.has(executionId) || (claimable.lease?.conductor ?? null) !== null) return over;',
    replace: 'slots.has(executionId)) return over;',
    caughtBy: { file: waiting, name: 'is left to whoever runs it, however often it is handed over' },
  },
  {
    id: 'lost-message-not-sent-again',
    bug: 'an execution whose message was lost waits for ever',
    breaks: 'the store is the truth',
    file: conductor,
    find: 'await handingOn?.look();',
    replace: 'void 0;',
    caughtBy: { file: waiting, name: 'is handed on once more where nobody has taken it' },
  },
  {
    id: 'message-gone-for-want-of-room',
    bug: 'what is handed over to a conductor that has no room is not put back',
    breaks: 'the store is the truth',
    file: 'src/adapters/bullmq/consuming.ts',
    find: 'if (taken.milliseconds <= 0) return putBack(post, job, token);',
    replace: 'if (taken.milliseconds <= 0) return;',
    caughtBy: { file: bullmq },
  },
  {
    id: 'message-handed-on-once-only',
    bug: 'the queue keeps what was carried out, so that the same execution cannot be handed on again',
    breaks: 'the store is the truth',
    file: 'src/adapters/bullmq/producing.ts',
    find: 'removeOnComplete: true,',
    replace: 'removeOnComplete: false,',
    caughtBy: { file: bullmq },
  },
  {
    id: 'priority-ignored',
    bug: 'what is handed on comes in the order in which it was launched, whatever its priority',
    breaks: 'priorities',
    file: 'src/adapters/bullmq/producing.ts',
    find: 'priority: rankOf(work.priority),',
    replace: 'priority: 0 * rankOf(work.priority),',
    caughtBy: { file: bullmq },
  },
  {
    id: 'message-of-the-dead-given-up',
    bug: 'what a conductor held that died is not handed over to another',
    breaks: 'takeover',
    file: 'src/adapters/bullmq/consuming.ts',
    find: 'maxStalledCount: Number.MAX_SAFE_INTEGER,',
    replace: 'maxStalledCount: 0,',
    caughtBy: { file: bullmq },
  },
  {
    id: 'begins-before-its-time',
    bug: 'what was to wait until a time is begun as soon as it is handed over',
    breaks: 'delays',
    file: conductor,
    find: "if (early > 0) return { kind: 'later', milliseconds: early };",
    replace: 'void early;',
    caughtBy: { file: waiting, name: 'is given back where there is no room, it is too early' },
  },
  {
    id: 'claim-without-its-gate',
    bug: 'an execution is taken without storing that it holds a place: two conductors take the last one',
    breaks: 'limits',
    file: gates,
    find: 'await take({ changes: passed.changes, guards });',
    replace: 'await take({ changes: [], guards });',
    caughtBy: { file: racing },
  },
  {
    id: 'limit-by-an-old-book',
    bug: 'an execution is taken by limits that somebody has changed since',
    breaks: 'limits',
    file: gates,
    find: 'const guards = [{ ...queueBookKey, expected: read.revision }];',
    replace: 'const guards: DocumentGuard[] = [];',
    caughtBy: { file: racing },
  },
  {
    id: 'place-never-free',
    bug: 'an execution that is over holds its place for ever',
    breaks: 'limits',
    file: gate,
    find: 'passed.holders.filter(isLive)',
    replace: 'passed.holders.filter(() => true)',
    caughtBy: { file: admitting },
  },
  {
    id: 'takeover-takes-a-second-place',
    bug: 'an execution that is taken over needs another place than its own',
    breaks: 'limits on every path',
    file: gate,
    find: "if (places !== null && passed.holders.includes(executionId)) return { kind: 'in', passed };",
    replace: '',
    caughtBy: { file: admitting },
  },
  {
    id: 'takeover-passes-by-the-gate',
    bug: 'limits do not hold for what is taken over',
    breaks: 'limits on every path',
    file: 'src/runner/owned-runs.ts',
    find: 'const guards = isOver ? [] :',
    replace: 'const guards = isOver || lost !== null ? [] :',
    caughtBy: { file: racing },
  },
  {
    id: 'rate-off-by-one',
    bug: 'one more is begun in a time than the rate says',
    breaks: 'rate limits',
    file: gate,
    find: 'counted.length >= rate.max',
    replace: 'counted.length > rate.max',
    caughtBy: { file: admitting },
  },
  {
    id: 'pause-ignored',
    bug: 'a queue that is paused goes on',
    breaks: 'pause',
    file: gate,
    find: 'if (pause !== null && !isTakeover)',
    replace: 'if (pause !== null && isTakeover)',
    caughtBy: { file: admitting },
  },
  {
    id: 'part-without-its-token',
    bug: 'a conductor that stood still writes on of a part that another has gone on with',
    breaks: 'I5',
    file: ownership,
    find: ': { changes, guards: [{ ...key, expected: revision }, ...execution] };',
    replace: ': { changes, guards: execution };',
    caughtBy: { file: owning },
  },
  {
    id: 'part-outlives-its-execution',
    bug: 'a part that another runs does not notice that its execution was stopped, or is over',
    breaks: 'I4',
    file: ownership,
    find: ': { changes, guards: [{ ...key, expected: revision }, ...execution] };',
    replace: ': { changes, guards: [{ ...key, expected: revision }] };',
    caughtBy: { file: owning },
  },
  {
    id: 'part-of-what-is-over-taken',
    bug: 'a part is taken of an execution that has ended in between',
    breaks: 'I4',
    file: parts,
    find: 'return hand(stored, { conductor, takeovers }, [guard, ...also]);',
    replace: 'void guard;\n      return hand(stored, { conductor, takeovers }, also);',
    caughtBy: { file: owning },
  },
  {
    id: 'lost-part-waited-for',
    bug: 'an execution waits for ever for a part whose conductor is gone',
    breaks: 'a parent never waits for ever',
    file: 'src/runner/parts/shared-partitions.ts',
    find: "    holder === 'lost' || (holder === 'nobody' && now() - freeSince >= patience);",
    replace: "    holder === 'nobody' && now() - freeSince >= patience;",
    caughtBy: {
      file: partitions,
      name: 'go on where the execution is when the conductor that ran some of them is gone',
    },
  },
];
