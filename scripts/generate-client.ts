import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { execa } from 'execa';

import { batchStatuses } from '../src/domain/execution.ts';
import { openApiDocument } from './draw-docs.ts';
import { docComment, type JsonSchema, propertiesText, type Property, typeText } from './schema-types.ts';

/**
 * Writes the client's types and table of operations from the service's own OpenAPI document. With `--check` it changes
 * nothing, names the files that differ and exits 1.
 */

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly 'x-effects'?: boolean;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly description?: string; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

type Content = Readonly<
  Record<string, { readonly schema: JsonSchema; readonly examples?: Readonly<Record<string, unknown>> }>
>;

/** What answers are called; those of one shape share a name. */
const answerNames: Readonly<Record<string, string>> = {
  getBatch: 'Batch',
  getCoverage: 'Coverage',
  getExecution: 'Execution',
  getExecutionGraph: 'ExecutionGraph',
  getInstance: 'JobInstance',
  getJob: 'Job',
  getReadiness: 'Readiness',
  getSchedule: 'Schedule',
  getWorkflow: 'Workflow',
  getRestartPlan: 'PlannedStep',
  launchJob: 'Accepted',
  listBatches: 'ListedBatch',
  listExecutions: 'ListedExecution',
  listInstanceParameters: 'InstanceParameter',
  listJournal: 'JournalEntry',
  listSkippedItems: 'SkippedItem',
  listSteps: 'StepExecution',
  listSchedules: 'ListedSchedule',
  listWorkflows: 'ListedWorkflow',
  previewOpen: 'Preview',
  replaySkippedItems: 'AcceptedReplay',
  waitForWorkflow: 'Waited',
};

const aliases: Record<string, string> = {
  "'new' | 'open' | 'success' | 'failed'": 'Status',
  'Record<string, Record<string, unknown>>': 'JobMaps',
  [batchStatuses.map((status) => `'${status}'`).join(' | ')]: 'BatchStatus',
};

const preamble = (what: string): string => `/**
 * ${what} Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */
`;

/** The sources that are made, formatted as the others: file to text. */
export async function clientSources(): Promise<Readonly<Record<string, string>>> {
  const document = (await openApiDocument()) as unknown as Document;
  const operations = Object.entries(document.paths).flatMap(([url, byMethod]) =>
    Object.entries(byMethod).flatMap(([method, operation]) =>
      isOffered(operation, byMethod) ? [{ method, url, operation }] : [],
    ),
  );
  operations.sort((one, other) => (one.operation.operationId < other.operation.operationId ? -1 : 1));
  const ofJobs = operations.filter(({ operation }) => isOfJobs(operation));
  const ofBatches = operations.filter(({ operation }) => !isOfJobs(operation));
  const named = Object.entries(answerNames).map(([operationId, name]): Declared => {
    const found = operations.find(({ operation }) => operation.operationId === operationId);
    if (found === undefined) throw new Error(`there is no operation ${operationId}`);
    return { name, file: fileOf(found.operation), text: nameAnswer(name, found.operation.responses) };
  });
  const typesOf = (some: typeof operations): string => some.map(({ operation }) => operationType(operation)).join('\n');
  const rows = operations.map(({ method, url, operation }) => operationRow(method, url, operation));
  const declared = [...basics(document), ...named];
  const source = (file: string, what: string, text: string): Promise<string> =>
    formatted([preamble(what), importsOf(text, declared, file), text].join('\n'));
  const textsIn = (file: string): string =>
    declared.flatMap((each) => (each.file === file ? [each.text] : [])).join('\n');
  const answers: Record<string, string> = {};
  for (const [file, what] of Object.entries(answerFiles))
    answers[`src/client/${file}.ts`] = await source(file, what, textsIn(file));
  return {
    ...answers,
    'src/client/operations.ts': await source(
      'operations',
      'What the service offers, by operation.',
      [
        "import type { ExecutionOperations } from './execution-operations.ts';\nimport type { JobOperations } from './job-operations.ts';\nimport type { WaitingOperations } from './waiting-operations.ts';\n",
        'export interface NoParameters {\nbody?: undefined;\n}\n',
        '/** Parameters and answer of each operation. `wf` is the name of the workflow. */',
        `export interface Operations extends JobOperations, WaitingOperations, ExecutionOperations {\n${typesOf(ofBatches)}\n}\n`,
      ].join('\n'),
    ),
    'src/client/job-operations.ts': await source(
      'job-operations',
      'What the service offers of jobs.',
      operationsText('JobOperations', typesOf(ofJobs.filter(({ operation }) => !isOfOthers(operation)))),
    ),
    'src/client/waiting-operations.ts': await source(
      'waiting-operations',
      'What the service offers of what launches jobs, and of where they wait.',
      operationsText('WaitingOperations', typesOf(ofJobs.filter(({ operation }) => isOfWaiting(operation)))),
    ),
    'src/client/execution-operations.ts': await source(
      'execution-operations',
      'What the service offers of executions.',
      operationsText('ExecutionOperations', typesOf(ofJobs.filter(({ operation }) => isOfExecutions(operation)))),
    ),
    'src/client/routes.ts': await formatted(
      [
        preamble('Where the service offers what.'),
        "import type { Operations } from './operations.ts';\n",
        routeType,
        '/** Where each operation is found, and where its parameters go. */',
        `export const routes = {\n${rows.join('\n')}\n} as const satisfies Record<keyof Operations, OperationRoute>;\n`,
      ].join('\n'),
    ),
  };
}

function operationsText(name: string, types: string): string {
  return [
    types.includes('NoParameters') ? "import type { NoParameters } from './operations.ts';\n" : '',
    '/** Parameters and answer of each operation. */',
    `export interface ${name} {\n${types}\n}\n`,
  ].join('\n');
}

const answerFiles = {
  answers: 'What the service answers.',
  'execution-answers': 'What the service answers of executions.',
  'job-answers': 'What the service answers of jobs.',
};

/** A type that the client declares, and in which of its files. */
interface Declared {
  readonly name: string;
  readonly file: keyof typeof answerFiles;
  readonly text: string;
}

function basics(document: Document): Declared[] {
  const codes = problemCodes(document).map((code) => `'${code}'`);
  const stands = batchStatuses.map((status) => `'${status}'`);
  return [
    {
      name: 'Status',
      file: 'answers',
      text: `/** How a job, a batch or a workflow stands. */\nexport type Status = 'new' | 'open' | 'success' | 'failed';\n`,
    },
    {
      name: 'JobMaps',
      file: 'answers',
      text: `/** Job → its parameters, special ones and your own. */\nexport type JobMaps = Record<string, Record<string, unknown>>;\n`,
    },
    {
      name: 'ProblemCode',
      file: 'answers',
      text: `/** The problems that the operations name: the last part of \`type\`. */\nexport type ProblemCode = ${codes.join(' | ')};\n`,
    },
    {
      name: 'BatchStatus',
      file: 'execution-answers',
      text: `/** How an execution, or a step of one, stands: Spring Batch’s \`BatchStatus\`. */\nexport type BatchStatus = ${stands.join(' | ')};\n`,
    },
  ];
}

/** Imports of what a text names and another file declares. */
function importsOf(text: string, declared: readonly Declared[], file: string): string {
  const code = text.replaceAll(/\/\*\*.*?\*\//gs, '');
  return Object.keys(answerFiles)
    .filter((other) => other !== file)
    .map((other) => {
      const names = declared
        .filter((each) => each.file === other && new RegExp(`\\b${each.name}\\b`).test(code))
        .map(({ name }) => name)
        .sort();
      return names.length === 0 ? '' : `import type { ${names.join(', ')} } from './${other}.ts';\n`;
    })
    .join('');
}

function fileOf(operation: Operation): Declared['file'] {
  if (!isOfJobs(operation)) return 'answers';
  return isOfExecutions(operation) ? 'execution-answers' : 'job-answers';
}

function isOfJobs({ tags }: Operation): boolean {
  return tags.some((tag) => ['jobs', 'schedules', 'queues', 'executions'].includes(tag));
}

function isOfOthers(operation: Operation): boolean {
  return isOfExecutions(operation) || isOfWaiting(operation);
}

/** Of schedules and queues. */
function isOfWaiting({ tags }: Operation): boolean {
  return tags.some((tag) => ['schedules', 'queues'].includes(tag));
}

function isOfExecutions({ tags }: Operation): boolean {
  return tags.includes('executions');
}

const stream = 'text/event-stream';

/** Of a GET and POST pair the one that is recommended; never a stream without end, for which there are readers of events. */
function isOffered({ operationId, responses }: Operation, byMethod: Readonly<Record<string, unknown>>): boolean {
  const isSecond = 'get' in byMethod && 'post' in byMethod && /By(Get|Post)$/.test(operationId);
  const types = Object.keys(successOf(responses).content ?? {});
  return !isSecond && (types.length === 0 || types.some((type) => type !== stream));
}

const routeType = `export interface OperationRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As RFC 6570 has it: \`{name}\` in the path, \`{?name,name}\` in the query. */
  readonly url: string;
  /** Parameters that are headers. */
  readonly headers?: readonly string[];
  /** It changes state: it is sent with an Idempotency-Key, and so may be repeated. */
  readonly effects?: true;
}
`;

/** Declares the answer, or an item of the list that it is, and from then on calls all of that shape so. */
function nameAnswer(name: string, responses: Operation['responses']): string {
  const { description, ...schema } = successOf(responses).content?.['application/json']?.schema ?? {};
  const item = schema.type === 'array' ? (schema.items ?? {}) : schema;
  const text = typeText(item, { aliases, direction: 'answered' });
  aliases[text] = name;
  return `${docComment(schema.type === 'array' ? undefined : description)}export interface ${name} ${text}\n`;
}

function operationType({ operationId, summary, parameters = [], requestBody, responses }: Operation): string {
  const properties = parameters
    .filter(({ name }) => name !== idempotencyKey)
    .map((parameter): Property => ({
      ...parameter,
      name: parameterName(parameter),
      description: parameter.name === 'wf' ? undefined : parameter.description,
    }));
  const body = requestBody?.content['application/json'];
  if (body !== undefined)
    properties.push({
      name: 'body',
      schema: body.schema,
      required: requestBody?.required === true,
      description: requestBody?.description,
    });
  const names = properties.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new Error(`${operationId} has two parameters of one name`);
  properties.sort((one, other) => Number(other.required) - Number(one.required));
  const given = properties.length === 0 ? 'NoParameters' : propertiesText(properties, { aliases, direction: 'given' });
  return `${docComment(summary)}${operationId}: { parameters: ${given}; answer: ${answerType(responses)} };`;
}

/** Lines of JSON are the same items once more; what is no JSON is text; where there is nothing, `null`. */
function answerType(responses: Operation['responses']): string {
  const content = Object.entries(successOf(responses).content ?? {}).filter(
    ([type]) => type !== 'application/x-ndjson' && type !== stream,
  );
  if (content.length === 0) return 'null';
  const types = content.map(([type, { schema }]) =>
    type === 'application/json' ? typeText(schema, { aliases, direction: 'answered' }) : 'string',
  );
  return [...new Set(types)].join(' | ');
}

function operationRow(method: string, url: string, operation: Operation): string {
  const { operationId, parameters = [] } = operation;
  const namesIn = (place: Parameter['in']): string[] =>
    parameters.filter((parameter) => parameter.in === place && parameter.name !== idempotencyKey).map(parameterName);
  const query = namesIn('query');
  const headers = namesIn('header').map((name) => `'${name}'`);
  const template = query.length === 0 ? url : `${url}{?${query.join(',')}}`;
  return [
    `${operationId}: { method: '${method.toUpperCase()}', url: '${template}'`,
    headers.length === 0 ? '' : `, headers: [${headers.join(', ')}]`,
    operation['x-effects'] === true ? ', effects: true' : '',
    ' },',
  ].join('');
}

/** Not a parameter of each call but what makes repeating it safe, which is the client's own business. */
const idempotencyKey = 'idempotency-key';

function parameterName({ in: place, name }: Parameter): string {
  return place === 'header' ? name.replaceAll('-', '_') : name;
}

function successOf(responses: Operation['responses']): { readonly content?: Content } {
  const found = Object.entries(responses).find(([status]) => status.startsWith('2'));
  if (found === undefined) throw new Error('an operation without a success');
  return found[1];
}

function problemCodes({ paths }: Document): string[] {
  const operations = Object.values(paths).flatMap((byMethod) => Object.values(byMethod));
  const problems = operations.flatMap(({ responses }) =>
    Object.values(responses).flatMap(({ content }) => content?.['application/problem+json'] ?? []),
  );
  return [...new Set(problems.flatMap(({ examples = {} }) => Object.keys(examples)))].sort();
}

const root = path.dirname(import.meta.dirname);

async function formatted(text: string): Promise<string> {
  const { stdout } = await execa('oxfmt', ['--stdin-filepath=made.ts'], { cwd: root, preferLocal: true, input: text });
  return `${stdout}\n`;
}

if (import.meta.main) {
  const checks = process.argv.includes('--check');
  for (const [file, text] of Object.entries(await clientSources())) {
    const place = path.join(root, file);
    if (existsSync(place) && readFileSync(place, 'utf8') === text) continue;
    console.log(`${file} ${checks ? 'differs from the routes: npx node scripts/generate-client.ts' : 'was made anew'}`);
    if (checks) process.exitCode = 1;
    else writeFileSync(place, text);
  }
}
