import type { PlantedBug } from '../planted-bug.ts';

const watermark = 'src/domain/watermark.ts';
const ends = 'src/domain/end-batch.ts';

/** Of batches and their windows. */
export const windowBugs: readonly PlantedBug[] = [
  {
    id: 'failed-window-begins-now',
    bug: 'after a failure the next window begins now, and not where the failed one began',
    breaks: 'I3, I8',
    file: watermark,
    find: "if (special.fromDate !== null) return { from: lowered(special.fromDate), rule: 'same-window-again' };",
    replace:
      "if (special.fromDate !== null) return { from: special.status === 'failed' ? input.now - 1_000_000n : lowered(special.fromDate), rule: 'same-window-again' };",
    caughtBy: { file: 'test/model/history.test.ts' },
  },
  {
    id: 'fail-moves-the-watermark',
    bug: 'a batch that fails puts from_date forward to now',
    breaks: 'I2',
    file: ends,
    find: 'return { ...changes, status: outcome, batch_end: formatInstant(now) };',
    replace:
      "return { ...changes, status: outcome, batch_end: formatInstant(now), ...(outcome === 'failed' ? { from_date: formatInstant(now) } : {}) };",
    caughtBy: { file: 'test/model/history.test.ts' },
  },
  {
    id: 'stale-token-closes',
    bug: 'a close is taken whatever batch_id it names',
    breaks: 'I5',
    file: ends,
    find: 'if (special.batchId !== batchId) return false;',
    replace: 'if (special.batchId !== batchId) return true;',
    caughtBy: { file: 'test/domain/fence.test.ts' },
  },
  {
    id: 'token-compared-by-number-alone',
    bug: 'a close is taken for a batch of another program that happens to have the same number',
    breaks: 'I5',
    file: ends,
    find: 'if (own) return own.start === start;',
    replace: 'if (own) return true;',
    caughtBy: { file: 'test/domain/fence.test.ts' },
  },
  {
    id: 'batch-of-an-execution-is-anybodys',
    bug: 'the batch of a running execution may be closed by anybody, without force',
    breaks: 'I2',
    file: 'src/domain/open-batch.ts',
    find: 'if (owner === null || owner === asking || force) return;',
    replace: 'if (owner !== null || asking !== null || force) return;',
    caughtBy: { file: 'test/model/bound-jobs.test.ts' },
  },
  {
    id: 'two-batches-open',
    bug: 'an open that must refuse an open batch takes its place',
    breaks: 'I1',
    file: 'src/domain/open-batch.ts',
    find: "if (request.ifOpen === 'reject') {",
    replace: "if (request.ifOpen === 'reject' && known === null) {",
    caughtBy: { file: 'test/domain/open-batch.test.ts' },
  },
  {
    id: 'batch-ids-by-the-clock',
    bug: 'the number of a batch is the clock’s second: a clock that goes back gives one again',
    breaks: 'I13',
    file: 'src/domain/open-batch.ts',
    find: 'const batchId = nextBatchId(workflow, now);',
    replace:
      'const batchId = nextBatchId({ ...workflow, jobs: new Map(), ledger: { ...workflow.ledger, lastBatchId: 0 } }, now);',
    caughtBy: { file: 'test/model/history.test.ts' },
  },
  {
    id: 'reprocess-hours-ignored',
    bug: 'the window after a success begins where the last one ended, whatever reprocess_hours says',
    breaks: 'reprocess_hours',
    file: watermark,
    find: '      special.reprocess,\n',
    replace: '      0n,\n',
    caughtBy: { file: 'test/domain/watermark.test.ts' },
  },
  {
    id: 'trunc-start-in-utc',
    bug: 'trunc_start goes to the first instant of the day in UTC, not in the job’s zone',
    breaks: 'trunc_start',
    file: watermark,
    find: 'firstInstantOfDay(from, special.timezone)',
    replace: "firstInstantOfDay(from, 'UTC')",
    caughtBy: { file: 'test/domain/watermark.test.ts' },
  },
  {
    id: 'end-of-a-window-moves',
    bug: 'a window that is run again ends now, and not where it was told to end',
    breaks: 'I3',
    file: watermark,
    find: 'return ledger.skewNoticedAt === null ? known.until : minInstant(known.until, newest);',
    replace: 'return newest;',
    caughtBy: { file: 'test/domain/watermark.test.ts' },
  },
  {
    id: 'clock-that-went-back-unnoticed',
    bug: 'a success from the future is built upon once the clock is right again',
    breaks: 'I13',
    file: watermark,
    find: 'if (noticed !== null && !input.force) throw clockSkew(input.job, noticed);',
    replace: '',
    caughtBy: { file: 'test/service/wrong-clocks.test.ts' },
  },
  {
    id: 'names-that-share-a-key',
    bug: 'a workflow may be named like the record of another one’s batch',
    breaks: 'I12',
    file: 'src/domain/names.ts',
    find: 'if (recordSuffix.test(name)) {',
    replace: 'if (recordSuffix.test(`${name}-`)) {',
    caughtBy: { file: 'test/domain/workflow.test.ts' },
  },
];
