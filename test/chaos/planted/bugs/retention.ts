import type { PlantedBug } from '../planted-bug.ts';

const retention = 'src/domain/execution-retention.ts';

/** Of what is forgotten. */
export const retentionBugs: readonly PlantedBug[] = [
  {
    id: 'unknown-execution-forgotten',
    bug: 'an execution of which nobody knows what became is forgotten before anybody has recovered it',
    breaks: 'I8',
    file: retention,
    find: "return !isLive(status) && status !== 'UNKNOWN';",
    replace: 'return !isLive(status);',
    caughtBy: { file: 'test/domain/execution-retention.test.ts' },
  },
  {
    id: 'completed-steps-forgotten',
    bug: 'the execution that has completed a step is forgotten, so that a restart runs the step again',
    breaks: 'restart',
    file: retention,
    find: '[lastExecutionId, ...ofSteps]',
    replace: '[lastExecutionId]',
    caughtBy: { file: 'test/domain/execution-retention.test.ts' },
  },
  {
    id: 'window-in-doubt-forgotten',
    bug: 'an instance is forgotten whose window may come due again',
    breaks: 'I8',
    file: retention,
    find: "(status !== 'COMPLETED' && !batch.backfill && watermark(special, known, batch.from) < batch.until)",
    replace: "(status === 'COMPLETED' && !batch.backfill && watermark(special, known, batch.from) < batch.until)",
    caughtBy: { file: 'test/acceptance/memory.test.ts', name: 'keeps the failed window of a workflow' },
  },
];
