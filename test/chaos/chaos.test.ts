import { expect, it, vi } from 'vitest';

import { describeWithRedis } from '../servers/redis.ts';
import { createChance } from './chance.ts';
import { execution, told } from './made-history.ts';
import { readOptions } from './options.ts';
import { runScenario, type Verdict } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { together } from './scenarios/together.ts';

const patience = { timeout: 120_000 };

/** What was said is told where something was wrong. */
async function verdictOn(scenario: Scenario, seed: number): Promise<Verdict> {
  const said: string[] = [];
  const extent = { isShort: true, minutes: 1 };
  const verdict = await runScenario(scenario, {
    chance: createChance(seed).of(scenario.name),
    say: (text) => said.push(text),
    extent,
    keeps: false,
  });
  if (verdict.broken.length > 0) console.error(said.join('\n'));
  return verdict;
}

describeWithRedis('workers beside a server that runs no jobs', () => {
  it(
    'share the work, go on with what a killed one left, end in good order, wait for what jobs need',
    patience,
    async () => {
      const { broken, figures } = await verdictOn(together, Number(process.env['CHAOS_SEED'] ?? 1));
      expect(broken).toEqual([]);
      expect(figures).toContainEqual({ what: 'commits looked at', value: expect.stringMatching(/^\d{2,}$/) as string });
    },
  );

  it('are seen through where something is wrong: in what a scenario says, in the store, in the table', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    const { broken } = await verdictOn(
      {
        name: 'wrong',
        about: 'an execution that is launched as COMPLETED, and again',
        async run({ witness }) {
          for (const revision of [1, 2]) {
            const { after, ...key } = execution(revision, { status: 'COMPLETED' });
            const operation = { id: `o${revision}`, fingerprint: '', answer: null, keepSeconds: 60 };
            const change = { kind: 'document', ...key, text: after?.text ?? '', add: [], remove: [] } as const;
            const changes = [{ ...change, expected: revision === 1 ? null : revision - 1 }];
            await witness.store.commit({ operation, changes, journal: [told(null, 'COMPLETED').entry] });
          }
          return { figures: [], broken: ['so it says'], rows: new Map([[1, 10]]) };
        },
      },
      1,
    );
    expect(broken).toEqual([
      'so it says',
      'run 1 has 0 rows, 0 different ones, null to null, where 1 to 10 were due',
      'executions move by their table: execution 1 was COMPLETED and is told to have left null for COMPLETED',
    ]);
  });
});

it('draws the same of a seed, and something else of another', () => {
  const draw = (seed: number) => {
    const chance = createChance(seed).of('kill');
    return [chance.whole(0, 1e6), chance.between(0, 1), chance.pick([...Array(100).keys()])];
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

it('reads its options, and says what is none', () => {
  const draw = (): number => 7;
  expect(readOptions(['--help'], draw)).toBeNull();
  expect(readOptions([], draw)).toMatchObject({ seed: 7, rounds: 1, minutes: 5, isShort: false });
  expect(readOptions(['--only', 'kill, pause', '--seed', '3'], draw)).toMatchObject({
    seed: 3,
    only: [{ name: 'kill' }, { name: 'pause' }],
  });
  for (const wrong of [['--only', 'none'], ['--rounds', '0'], ['--seed', 'x'], ['--other']])
    expect(() => readOptions(wrong, draw), wrong.join(' ')).toThrow(TypeError);
});
