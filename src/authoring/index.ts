/** What a job file imports: `import { defineJob, step, chunkStep } from 'batchy'`. */
export { defineJob, type JobOptions } from './define-job.ts';
export type { RunnableJob } from '../runner/job.ts';

export { type DeclaredStep, step, type StepContext, type StepOptions } from './step.ts';
export { chunkStep, type ChunkOptions } from './chunk-step.ts';
export {
  httpStep,
  type HttpRequestOptions,
  shellStep,
  type ShellStepOptions,
  waitStep,
  type WaitOptions,
} from './command-steps.ts';
export { sqlStep } from './sql-step.ts';
export { defineCapability } from './capability.ts';
export type { Capability, CapabilityWork } from '../runner/capability.ts';
export {
  alwaysRevert,
  alwaysRevertAll,
  type DeclaredFlow,
  defineFlow,
  type FlowJob,
  type FlowOptions,
  forEach,
  graphFlow,
  linearFlow,
  parameterizedForEach,
  times,
  unorderedFlow,
} from './flow.ts';
export type { FlowJobOptions } from './flow-options.ts';
export { type DeclaredTask, task, type TaskOptions } from './flow-task.ts';
export type { FlowTaskBody, RevertContext, RunnableFlow } from '../runner/flow-body.ts';
export type { RetryController } from '../domain/flow.ts';
export type { FlowError, FlowFailure } from '../domain/flow-state.ts';
export { type PartContext, partitionedStep, type PartitionedStepOptions } from './partitioned-step.ts';
export type { AnyParameters, ParameterOptions, ParameterSchemaOptions, ParametersOf } from './parameters.ts';
export { Always, type ErrorClass, type ItemRetryOptions, LimitChecking, Never, type SkipOptions } from './faults.ts';
export { Worker, type WorkerContext, type WorkerEquipment, type WorkerLogger, type WorkerResult } from './worker.ts';
export type { ReaderSource, WriteFunction } from './item-sources.ts';

export { type Chunk, ItemError, type ItemReader, type ItemWriter } from '../runner/items/item.ts';
export { itemWriter, type ReaderFactory, type WriterFactory } from '../runner/items/factory.ts';
export type { FromContext } from '../runner/items/from-context.ts';
export { iterableReader, type ItemSource, listReader } from '../runner/items/iterable-reader.ts';
export { functionReader } from '../runner/items/function-reader.ts';
export { functionWriter, listWriter, nullWriter, passThrough } from '../runner/items/memory-writers.ts';
export { csvReader, type CsvReaderOptions, type CsvRow } from '../runner/items/csv-reader.ts';
export { sqlReader, type SqlReaderOptions } from '../runner/items/sql-reader.ts';
export { csvWriter, type CsvWriterOptions } from '../runner/items/csv-writer.ts';
export { sqlWriter, type SqlWriterOptions } from '../runner/items/sql-writer.ts';
export { jsonReader } from '../runner/items/json-reader.ts';
export { jsonWriter, ndjsonWriter } from '../runner/items/json-writers.ts';
export { type JsonReaderOptions, ndjsonReader } from '../runner/items/ndjson-reader.ts';
export { httpReader, type HttpReaderOptions } from '../runner/items/http-reader.ts';
export type { SqlStatements } from '../runner/items/sql-statements.ts';
