import type { PlantedBug } from '../planted-bug.ts';

const run = 'src/domain/flow-run.ts';
const execution = 'src/runner/flow-execution.ts';
const deaths = { file: 'test/runner/flow-execution.test.ts', name: 'behind whichever commit its process dies at' };

/** Of reversible flows. */
export const flowBugs: readonly PlantedBug[] = [
  {
    id: 'reverts-in-order-of-start',
    bug: 'tasks are undone in the order in which they were begun',
    breaks: 'I10',
    file: run,
    find: 'one.rank - other.rank || one.started - other.started',
    replace: 'one.rank - other.rank || other.started - one.started',
    caughtBy: { file: 'test/domain/flow-acceptance.test.ts' },
  },
  {
    id: 'reverts-what-never-ran',
    bug: 'tasks are undone that were never begun',
    breaks: 'I10',
    file: run,
    find: '.filter(({ rank }) => rank >= 0)',
    replace: '.filter(({ rank }) => rank >= -1)',
    caughtBy: { file: 'test/domain/flow-properties.test.ts' },
  },
  {
    id: 'interrupted-task-not-reverted',
    bug: 'a task that was running when its owner was lost is not undone',
    breaks: 'I10',
    file: run,
    find: "const ranks: readonly TaskStatus[] = ['SUCCESS', 'RUNNING', 'FAILURE', 'REVERTING'];",
    replace: "const ranks: readonly TaskStatus[] = ['SUCCESS', 'FAILURE', 'REVERTING'];",
    caughtBy: { file: 'test/domain/flow-properties.test.ts' },
  },
  {
    id: 'one-attempt-too-many',
    bug: 'a controller tries once more than it was told to',
    breaks: 'times',
    file: 'src/domain/flow-decision.ts',
    find: '< scope.retry.attempts',
    replace: '<= scope.retry.attempts',
    caughtBy: { file: 'test/domain/flow-acceptance.test.ts' },
  },
  {
    id: 'task-runs-before-it-is-stored',
    bug: 'a task of a flow begins before it is stored that it has begun',
    breaks: 'I10',
    file: execution,
    find: '    await commit();\n    for (const name of names) begin(name, phase);\n',
    replace: '    for (const name of names) begin(name, phase);\n    await commit();\n',
    caughtBy: deaths,
  },
  {
    id: 'success-before-the-task',
    bug: 'a task of a flow is stored as SUCCESS before it has ended',
    breaks: 'I8',
    file: 'src/runner/flow-task-run.ts',
    find: "if (what.phase === 'execute') return body.execute(what.values, ctx);",
    replace:
      "if (what.phase === 'execute') return void Promise.resolve(body.execute(what.values, ctx)).catch(() => undefined);",
    caughtBy: { file: 'test/runner/flow-execution.test.ts', name: 'hands values on by their names' },
  },
  {
    id: 'decision-not-stored',
    bug: 'reverts begin before it is stored what was decided',
    breaks: 'I10',
    file: 'src/runner/flow-storing.ts',
    find: 'if (isRecordOld) record = recordOf(run);',
    replace: 'if (isRecordOld && run.state.unwinding === null) record = recordOf(run);',
    caughtBy: deaths,
  },
  {
    id: 'restart-begins-flows-anew',
    bug: 'a restart of a flow runs again what has succeeded',
    breaks: 'restart',
    file: 'src/domain/flow-progress.ts',
    find: "} else if (status === 'SUCCESS' && !this.#uncounted.has(index)) {\n      this.#done.push(index);",
    replace: "} else if (status === 'SUCCESS' && !this.#uncounted.has(index)) {\n      this.#ready.add(index);",
    caughtBy: { file: 'test/runner/flow-execution.test.ts', name: 'a flow that is restarted' },
  },
];
