import { EndBody } from './schemas/batches.ts';

/** As much of an OpenAPI document as is looked into here. */
export interface OpenApiDocument {
  readonly openapi: string;
  paths: Record<string, Record<string, Operation>>;
  readonly components?: Readonly<Record<string, unknown>>;
}

export interface Operation {
  operationId?: string;
  description?: string;
  requestBody?: unknown;
  readonly [field: string]: unknown;
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
  '/health/live': 'getLiveness',
  '/health/ready': 'getReadiness',
  '/metrics': 'getMetrics',
  '/openapi.json': 'getOpenApi',
  '/problems/{code}': 'explainProblem',
};

const otherNames: Readonly<Record<string, string>> = {
  'get /workflows/{wf}': 'getWorkflow',
  'delete /workflows/{wf}': 'deleteWorkflow',
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
      return [method, operation];
    }),
  );
}

/** Never sent with GET, so it cannot stand in the schema that both methods share. */
const endBody = {
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
