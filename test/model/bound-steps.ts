import * as fc from 'fast-check';

/** The jobs of the workflow. The first tells its clients where its window ends, the second may have a `to_date` of its user's own. */
export const loadedJobs = ['emitting', 'own'] as const;
export type LoadedJob = (typeof loadedJobs)[number];

export type Region = 'EU' | 'US';

/** What goes wrong in an execution: a step before it has done anything, or `Load` when it has written all. */
export type Failure = 'Extract' | 'Load' | 'after Load' | 'Publish' | null;

/** One thing that happens to a workflow whose batches are opened by executions of a bound job and by clients. */
export type BoundStep =
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'emit'; readonly region: Region }
  | {
      readonly kind: 'launch';
      readonly fails: Failure;
      readonly query: '' | '?force=true' | '?supersede=true';
      /** Given as a parameter that the job does not declare: then only its rows are wanted. */
      readonly region: Region | null;
    }
  | { readonly kind: 'backfill'; readonly ago: number; readonly seconds: number; readonly fails: Failure }
  /** `nth`: of the executions so far, counted on from the first when there are fewer. */
  | { readonly kind: 'restart'; readonly nth: number; readonly fails: Failure }
  | { readonly kind: 'abandon'; readonly nth: number }
  | { readonly kind: 'open'; readonly job: LoadedJob | null }
  | { readonly kind: 'end'; readonly how: 'close' | 'fail' | 'die' }
  | { readonly kind: 'undo'; readonly job: LoadedJob }
  | { readonly kind: 'edit-back'; readonly job: LoadedJob; readonly seconds: number }
  | { readonly kind: 'load'; readonly mode: 'merge' | 'replace' };

const job = fc.constantFrom(...loadedJobs);
const region = fc.constantFrom<Region>('EU', 'US');
const fails = fc.constantFrom<Failure>(null, null, 'Extract', 'Load', 'after Load', 'Publish');
const nth = fc.nat({ max: 9 });
const seconds = fc.integer({ min: 1, max: 7200 });

const step: fc.Arbitrary<BoundStep> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('emit' as const), region }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('launch' as const),
      fails,
      query: fc.constantFrom('' as const, '' as const, '?force=true' as const, '?supersede=true' as const),
      region: fc.option(region, { nil: null, freq: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('backfill' as const), ago: seconds, seconds, fails }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), nth, fails }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abandon' as const), nth }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('open' as const),
      job: fc.option(job, { nil: null, freq: 1 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      how: fc.constantFrom('close' as const, 'close' as const, 'close' as const, 'fail' as const, 'die' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('undo' as const), job }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('edit-back' as const), job, seconds }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('load' as const),
      mode: fc.constantFrom('merge' as const, 'replace' as const),
    }),
  },
);

/** What steps drawn one by one seldom make: a window loaded by hand that is declared failed afterwards. */
const episode: fc.Arbitrary<readonly BoundStep[]> = fc.oneof(
  { weight: 12, arbitrary: step.map((single) => [single]) },
  {
    weight: 1,
    arbitrary: job.map((undone): BoundStep[] => [
      { kind: 'open', job: null },
      { kind: 'end', how: 'close' },
      { kind: 'undo', job: undone },
    ]),
  },
);

export interface BoundHistory {
  /** Whether the second job has a `to_date` of its user's own; else it begins to emit with the first launch. */
  readonly ownToDate: boolean;
  readonly steps: readonly BoundStep[];
}

export const boundHistories: fc.Arbitrary<BoundHistory> = fc.record({
  ownToDate: fc.boolean(),
  steps: fc.array(episode, { minLength: 5, maxLength: 30, size: 'max' }).map((episodes) => episodes.flat()),
});

const launch = (more: Partial<Extract<BoundStep, { kind: 'launch' }>> = {}): BoundStep => ({
  kind: 'launch',
  fails: null,
  query: '',
  region: null,
  ...more,
});

const stepsOfOld: readonly (readonly BoundStep[])[] = [
  // The success of one region moved the watermark of the other.
  [
    { kind: 'emit', region: 'EU' },
    { kind: 'emit', region: 'US' },
    { kind: 'pass', seconds: 60 },
    launch({ region: 'EU', fails: 'Publish' }),
    launch({ region: 'US' }),
  ],
  // What an older execution had loaded was taken for loaded, though the window was declared failed since.
  [
    { kind: 'emit', region: 'EU' },
    { kind: 'pass', seconds: 60 },
    launch({ fails: 'Publish' }),
    { kind: 'open', job: 'emitting' },
    { kind: 'end', how: 'close' },
    { kind: 'undo', job: 'emitting' },
    launch(),
  ],
  // The user's to_date made way for ours.
  [{ kind: 'pass', seconds: 60 }, launch({ fails: 'Publish' }), launch()],
  // What had completed at once was told the batch of nobody, and its restart was refused for it.
  [
    { kind: 'backfill', ago: 60, seconds: 60, fails: null },
    { kind: 'restart', nth: 0, fails: null },
    { kind: 'restart', nth: 1, fails: null },
  ],
];

/** Histories that went wrong once. */
export const boundHistoriesOfOld: readonly BoundHistory[] = stepsOfOld.map((steps) => ({ ownToDate: true, steps }));
