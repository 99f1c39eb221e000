import { expect } from 'vitest';

import { defineJob, step, type StepContext } from '../../src/authoring/index.ts';
import type { Instant } from '../../src/domain/time.ts';
import { parseInstant } from '../../src/domain/time.ts';
import { type Failure, type LoadedJob, loadedJobs, type Region } from './bound-steps.ts';

interface Row {
  readonly id: number;
  readonly region: Region;
  readonly at: Instant;
}

/** A source, and what has been loaded of it: the truth that the watermarks are held against. */
export function createBoundWorld(beginning: Instant) {
  const rows: Row[] = [];
  const targets = new Map(loadedJobs.map((job) => [job, new Set<number>()]));
  const target = (job: LoadedJob): Set<number> => targets.get(job) as Set<number>;
  return {
    /** What goes wrong in the next execution. */
    fails: null as Failure,
    emit: (region: Region, at: Instant) => void rows.push({ id: rows.length, region, at }),
    extract: (from: Instant, until: Instant | null, region?: unknown): number[] =>
      rows
        .filter(({ at }) => at >= from && (until === null || at < until))
        .filter((row) => region === undefined || row.region === region)
        .map(({ id }) => id),
    put(job: LoadedJob, ids: readonly number[]): void {
      for (const id of ids) target(job).add(id);
    },
    /** Somebody has found out that what was loaded from there on is no good, and has thrown it away. */
    discard(job: LoadedJob, from: Instant): void {
      for (const { id, at } of rows) if (at >= from) target(job).delete(id);
    },
    /** Nothing that lies before a watermark is missing in its job's target. */
    expectNothingMissing(watermarks: ReadonlyMap<LoadedJob, Instant>): void {
      for (const [job, watermark] of watermarks)
        expect(
          rows.filter(({ id, at }) => at >= beginning && at < watermark && !target(job).has(id)),
          `what is missing of ${job}`,
        ).toEqual([]);
    },
  };
}

export type BoundWorld = ReturnType<typeof createBoundWorld>;

/** The job that loads a workflow: each history has a workflow, and a watermark, of its own. */
export function boundJob(worlds: ReadonlyMap<string, BoundWorld>) {
  const worldOf = ({ parameters }: StepContext): BoundWorld => worlds.get(String(parameters['history'])) as BoundWorld;
  const failsAt = (ctx: StepContext, failure: Failure): void => {
    if (worldOf(ctx).fails === failure) throw new Error(`the model lets it fail: ${failure}`);
  };
  return defineJob({
    name: 'Bound',
    workflow: 'orders-{{history}}',
    parameters: { history: { type: 'string', required: true } },
    steps: [
      step('Extract', (ctx) => {
        failsAt(ctx, 'Extract');
        const [from, until] = [ctx.parameters['from_date'], ctx.parameters['to_date']].map(instantOf);
        ctx.context.set('rows', worldOf(ctx).extract(from as Instant, until as Instant, ctx.parameters['region']));
      }),
      step('Load', (ctx) => {
        failsAt(ctx, 'Load');
        for (const job of loadedJobs) worldOf(ctx).put(job, ctx.context.get('rows') as number[]);
        failsAt(ctx, 'after Load');
      }),
      step('Publish', (ctx) => failsAt(ctx, 'Publish')),
    ],
  });
}

export function instantOf(text: unknown): Instant {
  return parseInstant(String(text)) as Instant;
}
