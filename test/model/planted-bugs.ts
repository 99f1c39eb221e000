import type { WorkflowChange } from '../../src/domain/change.ts';
import { noticeClockSkew } from '../../src/domain/clock-skew.ts';
import { loadConfiguration } from '../../src/domain/configuration.ts';
import { endBatch, type EndRequest } from '../../src/domain/end-batch.ts';
import { openBatch, type Opened, type OpenRequest } from '../../src/domain/open-batch.ts';
import { type Parameters, readSpecialParameters, withParameters } from '../../src/domain/special-parameters.ts';
import { epochSeconds, formatInstant, type Instant, parseInstant } from '../../src/domain/time.ts';
import { type JobLedger, type KnownBatch, unknownToLedger, type Workflow } from '../../src/domain/workflow.ts';
import { type DomainRules, realRules } from './domain-operations.ts';

/** Mistakes that a change to the rules could bring, each as small as it would be in the code. */
export const plantedBugs: Readonly<Record<string, DomainRules>> = {
  'a failed window begins at now, not where it began': opened((parameters, before, { now }) =>
    before.get('status') === 'failed'
      ? withParameters(parameters, { from_date: formatInstant(now - 1_000_000n) })
      : parameters,
  ),
  'reprocess_hours are added': opened((parameters, before) =>
    before.get('status') === 'success' ? moved(parameters, 2n * special(parameters).reprocess) : parameters,
  ),
  'one job begins where another does': {
    ...realRules,
    openBatch: (workflow, request) => {
      const result = openBatch(workflow, request);
      const last = result.windows.at(-1)?.from as Instant;
      return reopened(result, (parameters) => withParameters(parameters, { from_date: formatInstant(last) }));
    },
  },
  'the end of a window that is run again is not kept': opening((workflow) =>
    withLedger(workflow, (job) => ({ ...job, batch: job.batch && { ...job.batch, emitted: false } })),
  ),
  'batch ids come from the clock alone': {
    ...realRules,
    openBatch: (workflow, request) => {
      const result = openBatch(workflow, request);
      const batchId = epochSeconds(request.now);
      return { ...reopened(result, (parameters) => withParameters(parameters, { batch_id: batchId })), batchId };
    },
  },
  'the mark of a wrong clock is forgotten once the clock has caught up': opening((workflow, { now }) =>
    withLedger(workflow, (job, parameters) =>
      (special(parameters).batchStart ?? 0n) <= now ? { ...job, skewNoticedAt: null } : job,
    ),
  ),
  'a wrong clock is not looked for': { ...realRules, noticeClockSkew: () => null },
  'a clock that goes back again is not noticed again': {
    ...realRules,
    noticeClockSkew: (workflow, now) =>
      [...workflow.ledger.jobs.values()].some(({ skewNoticedAt }) => skewNoticedAt !== null)
        ? null
        : noticeClockSkew(workflow, now),
  },
  'the fence is not checked': ending((workflow, request) => ({ workflow, request: { ...request, batchId: null } })),
  'the fence is compared with the last id that was given': ending((workflow, request) => ({
    workflow,
    request: {
      ...request,
      batchId: request.batchId === null ? null : greatest(workflow),
      recordedStarts: null,
    },
  })),
  'the fence is compared by id alone': ending((workflow, request) => ({
    workflow: withLedger(workflow, (job, parameters) => ({
      ...job,
      batch: job.batch && { ...job.batch, start: special(parameters).batchStart ?? job.batch.start },
    })),
    request: { ...request, recordedStarts: null },
  })),
  'a close proves loaded up to the instant of the close': closed((batch, now) => ({ ...batch, until: now })),
  'a close proves loaded up to the start, whatever was told to the job': closed((batch) => ({
    ...batch,
    until: batch.start,
  })),
  'a load may move a watermark forward': {
    ...realRules,
    loadConfiguration: (name, current, ledger, configuration, request) =>
      loadConfiguration(name, current, ledger, configuration, { ...request, force: true }),
  },
  'a merge forgets where the last window ended': {
    ...realRules,
    loadConfiguration: (name, current, ledger, configuration, request) => {
      const change = loadConfiguration(name, current, ledger, configuration, request);
      return { ...change, next: withLedger(change.next, () => unknownToLedger) };
    },
  },
  'a refused request leaves something behind': {
    ...realRules,
    editJob: (workflow, request) => realRules.editJob(workflow, { ...request, force: true }),
    openBatch: (workflow, request) => openBatch(workflow, { ...request, force: true, ifOpen: 'reopen' }),
    endBatch: (workflow, request) =>
      endBatch(workflow, { ...request, batchId: null, jobs: [...workflow.jobs.keys()], force: true, reason: 'all' }),
  },
};

function opening(prepare: (workflow: Workflow, request: OpenRequest) => Workflow): DomainRules {
  return { ...realRules, openBatch: (workflow, request) => openBatch(prepare(workflow, request), request) };
}

/** Changes the maps that an open wrote, by what they were before. */
function opened(change: (parameters: Parameters, before: Parameters, request: OpenRequest) => Parameters): DomainRules {
  return {
    ...realRules,
    openBatch: (workflow, request) =>
      reopened(openBatch(workflow, request), (parameters, job) =>
        change(parameters, workflow.jobs.get(job) ?? new Map(), request),
      ),
  };
}

function reopened(result: Opened, change: (parameters: Parameters, job: string) => Parameters): Opened {
  const maps = new Map([...result.opened].map(([job, parameters]) => [job, change(parameters, job)]));
  const jobs = new Map([...result.change.next.jobs].map(([job, parameters]) => [job, maps.get(job) ?? parameters]));
  const next = withLedger({ ...result.change.next, jobs }, (job, parameters, name) =>
    maps.has(name) && job.batch !== null
      ? { ...job, batch: { ...job.batch, id: special(parameters).batchId ?? job.batch.id } }
      : job,
  );
  const windows = result.windows.map((window) => ({
    ...window,
    from: special(maps.get(window.job) as Parameters).fromDate ?? window.from,
  }));
  return { ...result, opened: maps, windows, change: { ...result.change, next } };
}

function ending(
  prepare: (workflow: Workflow, request: EndRequest) => { workflow: Workflow; request: EndRequest },
): DomainRules {
  return {
    ...realRules,
    endBatch: (before, asked) => {
      const { workflow, request } = prepare(before, asked);
      return endBatch(workflow, request);
    },
  };
}

/** Changes what the ledger knows of the batches that a close ended. */
function closed(change: (batch: KnownBatch, now: Instant) => KnownBatch): DomainRules {
  return {
    ...realRules,
    endBatch: (workflow, request) => {
      const result = endBatch(workflow, request);
      if (result.change === null || request.outcome !== 'success') return result;
      const next = withLedger(result.change.next, (job, _parameters, name) =>
        job.batch !== null && workflow.jobs.get(name)?.get('status') === 'open'
          ? { ...job, batch: change(job.batch, request.now) }
          : job,
      );
      const changed: WorkflowChange = { ...result.change, next };
      return { ...result, change: changed };
    },
  };
}

function withLedger(
  workflow: Workflow,
  change: (job: JobLedger, parameters: Parameters, name: string) => JobLedger,
): Workflow {
  const jobs = [...workflow.ledger.jobs].map(([name, job]): [string, JobLedger] => [
    name,
    change(job, workflow.jobs.get(name) ?? new Map(), name),
  ]);
  return { ...workflow, ledger: { ...workflow.ledger, jobs: new Map(jobs) } };
}

function special(parameters: Parameters) {
  const read = readSpecialParameters(parameters);
  if ('problems' in read) throw new TypeError('the model wrote what cannot be read');
  return read;
}

function moved(parameters: Parameters, by: bigint): Parameters {
  const from = parseInstant(parameters.get('from_date') as string) as Instant;
  return withParameters(parameters, { from_date: formatInstant(from + by) });
}

function greatest(workflow: Workflow): number {
  return Math.max(...[...workflow.jobs.values()].map((parameters) => special(parameters).batchId ?? 0));
}
