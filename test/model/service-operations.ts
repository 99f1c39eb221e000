import type { JobMaps } from '../../src/domain/change.ts';
import type { Configuration } from '../../src/domain/configuration.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { isJsonObject, parseJson } from '../../src/domain/json.ts';
import type { Instant } from '../../src/domain/time.ts';
import { encodeJobs } from '../../src/domain/workflow.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { createBatches } from '../../src/service/batches.ts';
import { type Caller, createCommands, type StoredAnswer } from '../../src/service/commands.ts';
import { createExecutionRecords } from '../../src/service/execution-records.ts';
import { createWatch } from '../../src/service/watch.ts';
import { createWorkflows } from '../../src/service/workflows.ts';
import { defaultInitialDate, readInitialDate } from '../../src/domain/watermark.ts';
import type { HistoryOperations, ModelClock, Outcome } from './operations.ts';

export interface ServiceOperationsOptions {
  readonly clock: ModelClock;
  /** Opens the store anew: what a crashed and restarted process would see. */
  readonly reopen: (clock: Clock) => Promise<Stores>;
  /** After this many operations the process is thrown away and another one goes on. */
  readonly livesFor: number;
  /** Writes one field of the hash as a program does that knows nothing of us; `null` where no other program can. */
  readonly writeHead: ((workflow: string, job: string, text: string) => Promise<void>) | null;
}

const name = 'wf1';
const by: Caller = { name: 'model', idempotency: null };

/** The service over a real store, as the model's histories drive it; the process dies and is replaced again and again. */
export async function createServiceOperations(
  options: ServiceOperationsOptions,
): Promise<HistoryOperations & { close(): Promise<void> }> {
  const clock: Clock = { now: () => Promise.resolve(options.clock.now) };
  let configuration: Configuration = { jobs: new Map(), infa: null };
  let operationCount = 0;
  let lived = 0;
  const retired: Stores[] = [];
  let stores = await options.reopen(clock);
  let services = servicesOver(stores);

  function servicesOver({ store, reader, upkeep, documents }: Stores) {
    const settings = { initialDate: readInitialDate(defaultInitialDate), requireFence: false };
    const commands = createCommands({
      store,
      reader,
      clock,
      operationId: () => `model-${(operationCount += 1)}`,
      patienceMilliseconds: 30_000,
    });
    return {
      batches: createBatches({ commands, reader, records: createExecutionRecords(documents), settings }),
      workflows: createWorkflows({ commands, reader, settings, readConfiguration: async () => configuration }),
      watch: createWatch({ reader, clock, upkeep, commands, retentionDays: 0 }),
    };
  }

  async function perform<T>(work: (used: typeof services) => Promise<T>): Promise<Outcome<T>> {
    lived += 1;
    if (lived % options.livesFor === 0) {
      // The one before may still be answering a read; it is put away when the history is over.
      retired.push(stores);
      stores = await options.reopen(clock);
      services = servicesOver(stores);
    }
    try {
      return { ok: true, value: await work(services) };
    } catch (error) {
      if (error instanceof BatchyError) return { ok: false, code: error.code };
      throw error;
    }
  }

  const answerOf = (jobs: JobMaps): StoredAnswer => ({ status: 200, headers: {}, body: encodeJobs(jobs) });
  const opened = ({ answer }: { answer: StoredAnswer }, batchId: number) => ({ batchId, jobs: mapsOf(answer.body) });

  return {
    load: ({ jobs, mode, force }) =>
      perform(async ({ workflows }) => {
        configuration = { jobs, infa: null };
        await workflows.load(name, { mode, force, reason: null }, by, (workflow) => answerOf(workflow.jobs));
        return null;
      }),
    open: (request) =>
      perform(async ({ batches }) => {
        let batchId = 0;
        const answered = await batches.open(name, { ...request, reason: null }, by, (result) => {
          ({ batchId } = result);
          return answerOf(result.opened);
        });
        return opened(answered, batchId);
      }),
    end: (call) =>
      perform(async ({ batches }) => {
        await batches.end(name, { ...call, parameters: new Map() }, by, answerOf);
        return null;
      }),
    edit: ({ job, set, force }) =>
      perform(async ({ workflows }) => {
        const edit = { job, set, remove: [], force, reason: 'the model edits', ifMatch: '*' };
        await workflows.edit(name, edit, by, () => answerOf(new Map()));
        return null;
      }),
    backfill: (request) =>
      perform(async ({ batches }) => {
        let batchId = 0;
        const answered = await batches.backfill(name, { ...request, reason: null }, by, (maps, id) => {
          batchId = id;
          return answerOf(maps);
        });
        return opened(answered, batchId);
      }),
    async preview(asOf) {
      const { jobs } = await services.batches.preview(name, { jobs: null, asOf, force: true });
      return new Map(jobs.map(({ job, window }): [string, Instant] => [job, (window as { from: Instant }).from]));
    },
    heartbeat: async () => {
      await services.watch.noticeSkew();
    },
    readHead: async () => new Map((await stores.reader.peek(name)).head),
    writeHead: async (job, text) => options.writeHead?.(name, job, text),
    close: async () => {
      for (const each of [...retired, stores]) await each.upkeep.close();
    },
  };
}

function mapsOf(text: string): JobMaps {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new TypeError('no jobs');
  return new Map(
    Object.entries(value).map(([job, parameters]) => [
      job,
      new Map(Object.entries(isJsonObject(parameters) ? parameters : {})),
    ]),
  );
}
