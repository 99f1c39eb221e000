import type { Json } from '../domain/json.ts';
import type { PartitionBody, TaskBody } from '../runner/step-body.ts';
import { type ChunkOptions, chunkOptionNames, readChunkBody } from './chunk-step.ts';
import { describe, Options, type Problems } from './options.ts';
import type { AnyParameters } from './parameters.ts';
import { type DeclaredStep, declareStep, type StepContext, type StepOptions, stepOptionNames } from './step.ts';

/** What one part of a partitioned step is given: its range is `ctx.partition`. */
export interface PartContext<Range, Parameters = AnyParameters> extends Omit<StepContext<Parameters>, 'partition'> {
  readonly partition: Range;
}

interface Partitioning<Range, Parameters> {
  /** Called once in an instance; a restart has the same ranges, and those that are completed do not run again. */
  readonly partition: (ctx: StepContext<Parameters>) => readonly Range[] | Promise<readonly Range[]>;
  /** How many run at a time: 4. */
  readonly concurrency?: number;
}

interface PartRun<Range, Parameters> {
  readonly run: (ctx: PartContext<Range, Parameters>) => unknown;
}

export type PartitionedStepOptions<Range, Item, Output, Parameters> = Partitioning<Range, Parameters> &
  (PartRun<Range, Parameters> | ChunkOptions<Item, Output, PartContext<Range, Parameters>>) &
  StepOptions;

const defaultConcurrency = 4;

/**
 * A step whose work is divided into ranges, each a step execution of its own, `name:partitionN`. Each part either runs a
 * function (`run`) or reads, processes and writes as a chunk step does.
 */
export function partitionedStep<Range extends Json, Item = unknown, Output = Item, Parameters = AnyParameters>(
  name: string,
  options: PartitionedStepOptions<Range, Item, Output, Parameters>,
): DeclaredStep {
  const problems: Problems = [];
  const known = ['partition', 'concurrency', 'run', ...chunkOptionNames, ...stepOptionNames];
  const read = new Options(options, '', `partitioned step ${describe(name)}`, known, problems);
  const partition = read.raw('partition');
  if (typeof partition !== 'function')
    read.addAt(['partition'], `must be a function that gives the ranges, but it is ${describe(partition)}`);
  const body: PartitionBody = {
    kind: 'partition',
    partition: partition as PartitionBody['partition'],
    body: readPartBody(read, problems),
    concurrency: read.number('concurrency', defaultConcurrency, { atLeast: 1 }),
  };
  return declareStep(name, read, body, problems);
}

function readPartBody(options: Options, problems: Problems): PartitionBody['body'] {
  const run = options.raw('run');
  if (run === undefined) return readChunkBody(options, problems);
  if (typeof run !== 'function') options.addAt(['run'], `must be a function, but it is ${describe(run)}`);
  const chunkOption = chunkOptionNames.find((key) => options.raw(key) !== undefined);
  if (chunkOption !== undefined)
    options.addAt([chunkOption], 'stands beside run: a part either runs a function or reads and writes items');
  return { kind: 'task', run: run as TaskBody['run'] };
}
