import type { Json } from '../domain/json.ts';
import type { JobParameters } from '../domain/execution.ts';
import { partOf, type Replay, replayDefinition, replayOf } from '../domain/replay.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import type { ItemWriter } from './items/item.ts';
import { createSkippedItems } from './items/skipped-items.ts';
import type { RunnableJob } from './job.ts';
import type { ChunkBody } from './step-body.ts';
import type { StepContext } from './step-context.ts';

/** The job as an execution with these parameters runs it: as it is, or one chunk step over the items that it has left out. */
export function jobToRun(job: RunnableJob, parameters: JobParameters, documents: DocumentReader): RunnableJob {
  const replay = replayOf(parameters);
  if (replay === null) return job;
  const definition = replayDefinition(job.definition, replay.stepName);
  const { name, index } = partOf(replay.stepName);
  const written = job.bodies.get(name);
  const body = index !== null && written?.kind === 'partition' ? written.body : written;
  if (body?.kind !== 'chunk') return { ...job, definition, bodies: new Map() };
  return { ...job, definition, bodies: new Map([[replay.stepName, replayingBody(body, replay, documents)]]) };
}

/** Its processor and its writer, which goes on behind what the step has written before. */
function replayingBody(body: ChunkBody, replay: Replay, documents: DocumentReader): ChunkBody {
  const replayed = createSkippedItems(documents, replay);
  const { processor } = body;
  let partition: Json = null;
  const within = (ctx: StepContext): StepContext =>
    partition === null ? ctx : (Object.create(ctx, { partition: { value: partition } }) as StepContext);
  return {
    ...body,
    replayed,
    reader(ctx) {
      ctx.logger.info(`replays what execution ${replay.executionId} has left out in this step`);
      return replayed.reader();
    },
    processor: processor === null ? null : (item, ctx) => processor(item, within(ctx)),
    async writer(ctx): Promise<ItemWriter<unknown>> {
      const target = await replayed.target();
      ({ partition } = target);
      const writer = await body.writer(within(ctx));
      return {
        open: () => writer.open(target.writer),
        write: (items, chunk) => writer.write(items, chunk),
        checkpoint: () => writer.checkpoint(),
        close: () => writer.close(),
      };
    },
  };
}
