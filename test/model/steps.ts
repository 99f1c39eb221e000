import * as fc from 'fast-check';

export const jobNames = ['plain', 'emitting', 'shared'] as const;
export type JobName = (typeof jobNames)[number];

/** The grain of the model's time: longer than the five seconds by which clocks may differ. */
export const tickSeconds = 10;
/** The clock goes back by up to an hour in all. */
export const greatestSetback = 360;

/** One thing that happens. Histories are lists of these: plain data, so that a failing one shrinks and prints. */
export type Step =
  | { readonly kind: 'pass'; readonly ticks: number }
  | { readonly kind: 'emit' }
  | { readonly kind: 'set-back'; readonly ticks: number }
  | { readonly kind: 'return' }
  | {
      readonly kind: 'open';
      readonly client: number;
      readonly jobs: readonly JobName[] | null;
      readonly reject: boolean;
      readonly force: boolean;
    }
  | { readonly kind: 'extract'; readonly client: number; readonly toBatchStart: boolean }
  | { readonly kind: 'put'; readonly client: number }
  | { readonly kind: 'end'; readonly client: number; readonly gaveUp: boolean; readonly namesJobs: boolean }
  | { readonly kind: 'run'; readonly client: number; readonly jobs: readonly JobName[] | null }
  | { readonly kind: 'end-again'; readonly client: number }
  | { readonly kind: 'die'; readonly client: number }
  | { readonly kind: 'operator-fails'; readonly job: JobName }
  | { readonly kind: 'operator-closes'; readonly job: JobName }
  | { readonly kind: 'edit-back'; readonly job: JobName; readonly ticks: number; readonly force: boolean }
  | {
      readonly kind: 'setting';
      readonly job: JobName;
      readonly name: string;
      readonly value: number | boolean | null;
      readonly force: boolean;
    }
  | { readonly kind: 'load'; readonly mode: 'replace' | 'merge'; readonly force: boolean; readonly agoTicks: number }
  | {
      readonly kind: 'backfill';
      readonly job: JobName;
      readonly agoTicks: number;
      readonly ticks: number;
      readonly ends: boolean;
    }
  | { readonly kind: 'older-open' }
  | { readonly kind: 'older-close' };

const client = fc.integer({ min: 0, max: 2 });
const job = fc.constantFrom(...jobNames);
const jobs = fc.option(fc.subarray([...jobNames], { minLength: 1 }), { nil: null, freq: 2 });
const seldom = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
const often = seldom.map((value) => !value);
const of = <K extends Step['kind'], T extends object>(kind: K, fields: { [P in keyof T]: fc.Arbitrary<T[P]> }) =>
  fc.record(fields).map((values) => ({ kind, ...(values as T) }));

const settings = fc.oneof(
  fc.record({ job, name: fc.constant('reprocess_hours'), value: fc.constantFrom(0, 0.25, 1.5) }),
  fc.record({ job: fc.constant('plain' as const), name: fc.constant('trunc_start'), value: fc.boolean() }),
  fc.record({ job: fc.constant('plain' as const), name: fc.constant('emit_to_date'), value: fc.boolean() }),
  fc.record({
    job: fc.constant('emitting' as const),
    name: fc.constant('lag_minutes'),
    value: fc.constantFrom(0, 5, 30),
  }),
  fc.record({
    job: fc.constant('emitting' as const),
    name: fc.constant('max_window_hours'),
    value: fc.constantFrom(2, 3, null),
  }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: of('pass', { ticks: fc.oneof(fc.nat({ max: 6 }), fc.nat({ max: 360 })) }) },
  { weight: 8, arbitrary: fc.constant({ kind: 'emit' } as const) },
  { weight: 2, arbitrary: of('set-back', { ticks: fc.integer({ min: 1, max: greatestSetback }) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'return' } as const) },
  { weight: 6, arbitrary: of('open', { client, jobs, reject: seldom, force: fc.boolean() }) },
  { weight: 5, arbitrary: of('extract', { client, toBatchStart: fc.boolean() }) },
  { weight: 4, arbitrary: of('put', { client }) },
  { weight: 6, arbitrary: of('end', { client, gaveUp: seldom, namesJobs: seldom }) },
  { weight: 5, arbitrary: of('run', { client, jobs }) },
  { weight: 2, arbitrary: of('end-again', { client }) },
  { weight: 1, arbitrary: of('die', { client }) },
  { weight: 1, arbitrary: of('operator-fails', { job }) },
  { weight: 1, arbitrary: of('operator-closes', { job }) },
  { weight: 1, arbitrary: of('edit-back', { job, ticks: fc.nat({ max: 500 }), force: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.tuple(settings, often).map(([setting, force]) => ({ kind: 'setting', ...setting, force }) as const),
  },
  {
    weight: 1,
    arbitrary: of('load', {
      mode: fc.constantFrom('replace' as const, 'merge' as const),
      force: seldom,
      agoTicks: fc.nat({ max: 1000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: of('backfill', {
      job,
      agoTicks: fc.integer({ min: 1, max: 1000 }),
      ticks: fc.integer({ min: 1, max: 500 }),
      ends: often,
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'older-open' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'older-close' } as const) },
);

export const histories: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 5, maxLength: 70, size: 'max' });
