import { describe, expect, it } from 'vitest';

import type { StoredCommit } from './history/history.ts';
import { createJudge } from './judge.ts';
import {
  begun,
  claimed,
  ended,
  execution,
  historyOf,
  launched,
  lease,
  leaseSeconds,
  type MadeCommit,
  part,
  sign,
  step,
  told,
} from './made-history.ts';
import type { Limits } from './rules/limits.ts';

function verdictOn(history: readonly StoredCommit[], limits: Limits = {}): readonly string[] {
  const judge = createJudge({ leaseSeconds, limits });
  for (const commit of history) judge.see(commit);
  return judge.broken;
}

const stepEnded: MadeCommit = [
  step(3, { status: 'COMPLETED', endedAt: 0n }, 1),
  told('STARTED', 'COMPLETED', 'a', 'Load'),
];
const whole: readonly MadeCommit[] = [launched, claimed, begun, [step(2, {}, 1)], stepEnded, ended('COMPLETED')];
const started = [launched, claimed, begun];
const other: MadeCommit = [execution(1, { id: 2, status: 'STARTING' }), told(null, 'STARTING', null, null, 2)];

describe('the rules on what a store goes through', () => {
  it.each<[what: string, history: readonly MadeCommit[]]>([
    ['runs to its end', whole],
    [
      'is taken over by another, which goes on in the same row',
      [
        [sign(1, 'a', 0)],
        ...started,
        [step(2, {}, 1)],
        [lease(2, 'b', 5), execution(3, { takeovers: 1 })],
        [step(3, {}, 2)],
        [step(4, { status: 'COMPLETED' }, 2), told('STARTED', 'COMPLETED', 'b', 'Load')],
        [execution(4, { status: 'COMPLETED', takeovers: 1 }), told('STARTED', 'COMPLETED', 'b')],
      ],
    ],
    [
      'is handed back and taken at once',
      [[sign(1, 'a', 0)], ...started, [lease(2, null, 1)], [lease(3, 'b', 1)], ended('FAILED', 3, 'b')],
    ],
    [
      'begins and ends in one commit',
      [
        launched,
        [...claimed, told('STARTED', 'COMPLETED', 'a'), execution(2, { status: 'COMPLETED' })].toSpliced(1, 1),
      ],
    ],
    [
      'has a part that another runs, and a step that is begun anew once it has failed',
      [
        ...started,
        [part(1, null)],
        [part(2, 'b')],
        [told(null, 'STARTED', 'b', 'Load:partition0')],
        [part(null, null), told('STARTED', 'FAILED', 'b', 'Load:partition0')],
        [told(null, 'STARTED', 'a', 'Load:partition0')],
      ],
    ],
    [
      'reverts in reverse',
      [
        launched,
        claimed,
        ...['x', 'y'].map((name) => [told('PENDING', 'RUNNING', 'a', name), told('RUNNING', 'SUCCESS', 'a', name)]),
        ...['y', 'x'].map((name) => [
          told('SUCCESS', 'REVERTING', 'a', name),
          told('REVERTING', 'REVERTED', 'a', name),
        ]),
        ended('REVERTED'),
      ],
    ],
  ])('find nothing wrong with an execution that %s', (_what, history) => {
    expect(verdictOn(historyOf(history))).toEqual([]);
  });

  it.each<[rule: string, what: string, history: readonly MadeCommit[]]>([
    ['revisions grow by one', 'an update that was lost', [...started, [step(2, {}, 1)], [step(2, {}, 2)]]],
    ['revisions grow by one', 'a revision that was left out', [...started, [step(3, {}, 1)]]],
    ['revisions grow by one', 'a removal of what is not there', [[{ collection: 'step', id: '1:9', after: null }]]],
    [
      'executions move by their table',
      'an end that no event allows',
      [...whole, [execution(4, { status: 'FAILED' }), told('COMPLETED', 'FAILED', 'a')]],
    ],
    [
      'executions move by their table',
      'a move from where it was not',
      [launched, [lease(1, 'a'), execution(2), told('STOPPING', 'STARTED', 'a')]],
    ],
    [
      'executions move by their table',
      'a journal that says more than what is stored',
      [launched, claimed, [told('STARTED', 'COMPLETED', 'a')]],
    ],
    [
      'executions move by their table',
      'one that is launched twice',
      [launched, [execution(2, { status: 'STARTING' }), told(null, 'STARTING')]],
    ],
    [
      'what is final stays',
      'an execution that changes after its end',
      [...whole, [execution(4, { status: 'COMPLETED', exitMessage: 'other' })]],
    ],
    [
      'what is final stays',
      'a status without a word in the journal',
      [...started, [execution(3, { status: 'STOPPING' })]],
    ],
    [
      'what is final stays',
      'a step that begins again in its row',
      [...started, stepEnded.with(0, step(2, { status: 'COMPLETED' })), [step(3)]],
    ],
    [
      'steps move by their table',
      'a step that begins anew while it runs',
      [...started, [told(null, 'STARTED', 'a', 'Load')]],
    ],
    [
      'steps move by their table',
      'a step that ends twice',
      [...whole.slice(0, 5), [told('STARTED', 'COMPLETED', 'a', 'Load')]],
    ],
    [
      'steps move by their table',
      'a step that fails after it was completed',
      [...whole.slice(0, 5), [told('COMPLETED', 'FAILED', 'a', 'Load')]],
    ],
    ['only the owner writes', 'a write of a former owner', [...started, [lease(2, 'b', 5)], ended('COMPLETED')]],
    [
      'only the owner writes',
      'a write before the lease is taken',
      [launched, [execution(2), told('STARTING', 'STARTED', 'a')]],
    ],
    [
      'only the owner writes',
      'a write of a part by who has lost it',
      [...started, [part(1, 'b')], [part(2, 'c')], [told(null, 'STARTED', 'b', 'Load:partition0')]],
    ],
    [
      'only the owner writes',
      'a write of a part that is over',
      [...started, [part(1, 'b')], [part(null, null)], [told(null, 'STARTED', 'b', 'Load:partition0')]],
    ],
    [
      'leases outlive their execution',
      'a lease that goes first',
      [...started, [{ collection: 'lease', id: '1', after: null }]],
    ],
    [
      'only the lost are taken from',
      'a lease taken from who lives',
      [[sign(1, 'a', 4)], ...started, [lease(2, 'b', 5)]],
    ],
    [
      'only the lost are taken from',
      'a part taken from who lives',
      [[sign(1, 'b', 4)], ...started, [part(1, 'b')], [part(2, 'c', { since: 5_000_000_000n })]],
    ],
    ['takeovers are counted', 'two at once', [...started, [lease(2, 'b', 5), execution(3, { takeovers: 2 })]]],
    ['takeovers are counted', 'one without a lease', [...started, [execution(3, { takeovers: 1 })]]],
    [
      'takeovers are counted',
      'one that is taken back',
      [launched, claimed.with(1, execution(2, { takeovers: 1 })), [lease(2, 'b', 5), execution(3)]],
    ],
    ['checkpoints grow', 'a checkpoint that goes back', [...started, [step(2, {}, 5)], [step(3, {}, 6, 4)]]],
    [
      'checkpoints grow',
      'a checkpoint that is lost',
      [...started, [step(2, {}, 5)], [step(3, { checkpoint: null }, 6)]],
    ],
    ['checkpoints grow', 'a count that falls', [...started, [step(2, {}, 5)], [step(3, {}, 4, 6)]]],
    [
      'reverts run in reverse',
      'reverts in the order in which it was done',
      [
        launched,
        claimed,
        ...['x', 'y'].map((name) => [told('PENDING', 'RUNNING', 'a', name), told('RUNNING', 'SUCCESS', 'a', name)]),
        ...['x', 'y'].map((name) => [
          told('SUCCESS', 'REVERTING', 'a', name),
          told('REVERTING', 'REVERTED', 'a', name),
        ]),
        ended('REVERTED'),
      ],
    ],
    [
      'reverts run in reverse',
      'a revert of what never ran',
      [launched, claimed, [told('PENDING', 'REVERTING', 'a', 'x')], ended('REVERTED')],
    ],
  ])('%s: finds %s', (rule, _what, history) => {
    expect(verdictOn(historyOf(history))).toContainEqual(expect.stringMatching(`^${rule}: `));
  });

  it('sequences grow: finds one that comes twice', () => {
    const [first, second] = historyOf([launched, claimed]) as [StoredCommit, StoredCommit];
    const again = { ...second, entries: second.entries.map((entry) => ({ ...entry, sequence: 1 })) };
    expect(verdictOn([first, second])).toEqual([]);
    expect(verdictOn([first, again])).toContainEqual(expect.stringMatching('^sequences grow: '));
  });

  it('limits hold: finds one too many that runs, and one too many that is live', () => {
    const second: MadeCommit = [
      lease(1, 'b', 0, 2),
      execution(2, { id: 2 }),
      told('STARTING', 'STARTED', 'b', null, 2),
    ];
    const [atOnce, inTurn] = [
      historyOf([launched, claimed, other, second]),
      historyOf([launched, claimed, other, ended('COMPLETED'), second]),
    ];
    expect(verdictOn(inTurn, { maxRunning: { Load: 1 }, maxConcurrent: { Load: 2 } })).toEqual([]);
    expect(verdictOn(atOnce, { maxRunning: { Load: 1 } })).toEqual(['limits hold: 2 executions of Load run, 1 may']);
    expect(verdictOn(inTurn, { maxConcurrent: { Load: 1 } })).toEqual([
      'limits hold: 2 executions of Load are live, 1 may',
    ]);
  });

  it('tells of each rule a few times only', () => {
    const lost = Array.from({ length: 20 }, (): MadeCommit => [step(2, {}, 1)]);
    expect(verdictOn(historyOf([...started, ...lost]))).toHaveLength(5);
  });

  it('counts takeovers of an execution and of its parts', () => {
    const judge = createJudge({ leaseSeconds });
    const taken: MadeCommit = [lease(2, 'b', 5), execution(3, { takeovers: 1 })];
    for (const commit of historyOf([...started, taken, [part(1, 'b', { takeovers: 2 })]])) judge.see(commit);
    expect([
      judge.takeovers.of(1, 'Load'),
      judge.takeovers.of(1, 'Load:partition0'),
      judge.takeovers.of(2, 'Load'),
    ]).toEqual([1, 3, 0]);
  });
});
