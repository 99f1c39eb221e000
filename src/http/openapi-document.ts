import { EndBody } from './schemas/batches.ts';
import { launchBody, runBody } from './schemas/jobs.ts';
import { pauseBody } from './schemas/queues.ts';
import { replayBody } from './schemas/skipped-items.ts';

/** As much of an OpenAPI document as is looked into here. */
export interface OpenApiDocument {
  readonly openapi: string;
  paths: Record<string, Record<string, Operation>>;
  readonly components?: Readonly<Record<string, unknown>>;
}

export interface Operation {
  operationId?: string;
  description?: string;
  requestBody?: Content;
  readonly responses?: Readonly<Record<string, Content>>;
  readonly [field: string]: unknown;
}

interface Content {
  readonly content?: Readonly<Record<string, Media>>;
  readonly [field: string]: unknown;
}

interface Media {
  readonly schema?: Schema;
  example?: unknown;
  readonly examples?: unknown;
}

interface Schema {
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly [keyword: string]: unknown;
}

/** Marks an operation that changes state, whatever its method. */
export const effectsField = 'x-effects';

/** What a client generated from the document calls each route. Of a GET and POST pair, the one to use has the plain name. */
const names: Readonly<Record<string, string>> = {
  '/index': 'getIndex',
  '/load_cfg/{wf}': 'loadWorkflow',
  '/get_status/{wf}': 'getStatus',
  '/open_batch/{wf}': 'openBatch',
  '/open_batch/{wf}/{format}': 'openBatchAs',
  '/close_batch/{wf}': 'closeBatch',
  '/fail_batch/{wf}': 'failBatch',
  '/workflows': 'listWorkflows',
  '/workflows/{wf}/backfill': 'openBackfill',
  '/workflows/{wf}/preview': 'previewOpen',
  '/workflows/{wf}/jobs/{job}': 'editJob',
  '/workflows/{wf}/batches': 'listBatches',
  '/workflows/{wf}/batches/{batch_id}': 'getBatch',
  '/workflows/{wf}/coverage': 'getCoverage',
  '/workflows/{wf}/journal': 'listJournal',
  '/workflows/{wf}/wait': 'waitForWorkflow',
  '/workflows/{wf}/events': 'streamWorkflowEvents',
  '/events': 'streamEvents',
  '/jobs': 'listJobs',
  '/jobs/{name}': 'getJob',
  '/jobs/{name}/launch': 'launchJob',
  '/jobs/{name}/run': 'runTasks',
  '/executions': 'listExecutions',
  '/executions/{id}': 'getExecution',
  '/executions/{id}/steps': 'listSteps',
  '/executions/{id}/graph': 'getExecutionGraph',
  '/executions/{id}/log': 'getExecutionLog',
  '/executions/{id}/steps/{name}/log': 'getStepLog',
  '/executions/{id}/context': 'getExecutionContext',
  '/executions/{id}/skipped': 'listSkippedItems',
  '/executions/{id}/skipped/replay': 'replaySkippedItems',
  '/executions/{id}/events': 'streamExecutionEvents',
  '/executions/{id}/stop': 'stopExecution',
  '/executions/{id}/restart': 'restartExecution',
  '/executions/{id}/abandon': 'abandonExecution',
  '/executions/{id}/recover': 'recoverExecution',
  '/executions/{id}/revive': 'reviveExecution',
  '/executions/{id}/restart-plan': 'getRestartPlan',
  '/conductors': 'listConductors',
  '/schedules': 'listSchedules',
  '/schedules/{name}/pause': 'pauseSchedule',
  '/schedules/{name}/resume': 'resumeSchedule',
  '/queues': 'listQueues',
  '/queues/{name}/pause': 'pauseQueue',
  '/queues/{name}/resume': 'resumeQueue',
  '/instances': 'listInstances',
  '/instances/{id}': 'getInstance',
  '/instances/{id}/parameters': 'listInstanceParameters',
  '/instances/{id}/executions': 'listInstanceExecutions',
  '/health/live': 'getLiveness',
  '/health/ready': 'getReadiness',
  '/metrics': 'getMetrics',
  '/openapi.json': 'getOpenApi',
  '/problems/{code}': 'explainProblem',
};

const otherNames: Readonly<Record<string, string>> = {
  'get /workflows/{wf}': 'getWorkflow',
  'delete /workflows/{wf}': 'deleteWorkflow',
  'get /schedules/{name}': 'getSchedule',
  'put /schedules/{name}': 'setSchedule',
  'delete /schedules/{name}': 'removeSchedule',
  'get /queues/{name}': 'getQueue',
  'put /queues/{name}': 'limitQueue',
};

const fetchOnly =
  'Kept for tools that can only fetch a URL: it does what POST does, which is what to use where you can.';

/** Completes what is made from the routes: a name for every operation, and what only one method of a pair has. */
export function completeDocument(document: OpenApiDocument): OpenApiDocument {
  document.paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, operations]) => [path, completePath(path, operations)]),
  );
  return document;
}

function completePath(path: string, operations: Record<string, Operation>): Record<string, Operation> {
  const methods = Object.keys(operations);
  const isPair = methods.includes('get') && methods.includes('post');
  return Object.fromEntries(
    methods.map((method) => {
      // Both methods of a pair come as one object.
      const operation: Operation = { ...operations[method] };
      const isMain = !isPair || (operation[effectsField] === true) === (method === 'post');
      operation.operationId = `${nameOf(method, path)}${isMain ? '' : `By${capitalized(method)}`}`;
      if (isPair && method === 'get' && operation[effectsField] === true)
        operation.description = [fetchOnly, operation.description ?? ''].join(' ').trim();
      if (method === 'post' && /^\/(close|fail)_batch\//.test(path)) operation.requestBody = endBody;
      if (path === '/jobs/{name}/launch') operation.requestBody = launchBody;
      if (path === '/jobs/{name}/run') operation.requestBody = runBody;
      if (path === '/executions/{id}/skipped/replay') operation.requestBody = replayBody;
      if (path === '/queues/{name}/pause') operation.requestBody = pauseBody;
      for (const part of [operation.requestBody, ...Object.values(operation.responses ?? {})]) giveExamples(part);
      return [method, operation];
    }),
  );
}

/** Lifts a schema's example (or those of its properties) to where readers of the document look for it. */
function giveExamples(part: Content | undefined): void {
  for (const media of Object.values(part?.content ?? {})) {
    if (media.example !== undefined || media.examples !== undefined) continue;
    const example = exampleOf(media.schema ?? {});
    if (example !== undefined) media.example = example;
  }
}

function exampleOf({ examples, properties }: Schema): unknown {
  if (examples !== undefined || properties === undefined) return examples?.[0];
  const given = Object.entries(properties).filter(([, property]) => property.examples !== undefined);
  return Object.fromEntries(given.map(([name, property]) => [name, property.examples?.[0]]));
}

/** Never sent with GET, so it cannot stand in the schema that both methods share. */
const endBody: Content = {
  description: 'Your own parameters to store with the outcome, by job',
  required: false,
  content: {
    'application/json': {
      schema: { type: 'object', additionalProperties: { type: 'object', additionalProperties: true } },
      example: (EndBody as { examples?: readonly unknown[] }).examples?.[0],
    },
  },
};

function nameOf(method: string, path: string): string {
  const name = otherNames[`${method} ${path}`] ?? names[path];
  if (name === undefined) throw new Error(`${method} ${path} has no name in openapi-document.ts`);
  return name;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
