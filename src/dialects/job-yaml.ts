import {
  type DeclaredStep,
  defineJob,
  httpStep,
  type JobOptions,
  type RunnableJob,
  shellStep,
  step,
  type StepOptions,
  waitStep,
} from '../authoring/index.ts';
import { BatchyError, type ErrorPlace } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { csvStep, sqlDataStep } from './job-yaml-data.ts';
import { offsetOf, plainOf, textOf } from './job-yaml-nodes.ts';
import { parseYamlDocument } from './yaml-document.ts';
import { jsonOfYaml, type YamlMap, type YamlNode } from './yaml-node.ts';
import { placeAt, type YamlSource } from './yaml-source.ts';

/** The keys by which a step says what it does; exactly one of them stands in each. */
const stepKindKeys = ['shell', 'script', 'http', 'wait', 'csv', 'sql'] as const;
type StepKindKey = (typeof stepKindKeys)[number];

/** How many of the problems the one sentence tells; all are in `places`. */
const mostProblemsTold = 20;

/**
 * Reads `cfg/jobs/<name>.yaml`: a job for those who do not write TypeScript, with the same options, its steps of the kinds
 * shell (a list of arguments, or `script:` for the text of a shell), http, wait, csv (a file into a table) and sql (a query
 * into a table or a file).
 * @param fileName how messages call the file
 * @throws BatchyError `invalid-configuration` where the file is no YAML, `invalid-job` for what it says: all of it at once, in the
 * sentence with line and column, as places `line:column`, the first also in the facts
 */
export function parseJobYaml(text: string, fileName: string): RunnableJob {
  const source: YamlSource = { text, fileName, holds: 'a job: its name and its steps' };
  const root = parse(source);
  if (root.kind !== 'map')
    throw refusal(source, root, [{ pointer: '', detail: 'the file should be a map with name and steps' }]);
  const steps = root.entries.get('steps')?.node;
  const parameters = root.entries.get('parameters')?.node;
  const job = {
    ...(plainOf(root) as JsonObject),
    ...(parameters === undefined ? {} : { parameters: jsonOfYaml(parameters) }),
    ...(steps?.kind === 'list' ? { steps: steps.items.map(readStep) } : {}),
  };
  try {
    return defineJob(job as unknown as JobOptions);
  } catch (error) {
    if (error instanceof BatchyError && error.code === 'invalid-job') throw refusal(source, root, error.places);
    throw error;
  }
}

function parse(source: YamlSource): YamlNode {
  try {
    return parseYamlDocument(source);
  } catch (error) {
    const line = error instanceof BatchyError ? error.facts['line'] : undefined;
    const written = typeof line === 'number' ? (source.text.split(/\r\n|\r|\n/)[line - 1] ?? '') : '';
    // To YAML, braces begin a map: the mistake that everybody makes once.
    if (!(error instanceof BatchyError) || !/(?:^|[\s,[:])\{\{/.test(written)) throw error;
    const { code, detail, places, facts } = error;
    throw new BatchyError(code, `${detail} Put what holds {{name}} in quotes.`, { places, facts, cause: error });
  }
}

function readStep(node: YamlNode): DeclaredStep {
  if (node.kind !== 'map') return misread(undefined, 'must be a map with name and what the step does', {});
  const { name, ...options } = plainOf(node) as JsonObject;
  const kinds = stepKindKeys.filter((key) => node.entries.has(key));
  const others = Object.fromEntries(
    Object.entries(options).filter(([key]) => !stepKindKeys.some((kind) => kind === key)),
  );
  const kind = kinds[0];
  if (kinds.length === 1 && kind !== undefined) return stepOfKind(kind, name as string, others, node);
  const problem =
    kind === undefined
      ? `says not what it does: give it one of ${stepKindKeys.join(', ')}`
      : `does several things at once: ${kinds.join(', ')}; make a step of each`;
  return misread(name, problem, others);
}

function stepOfKind(kind: StepKindKey, name: string, options: StepOptions, { entries }: YamlMap): DeclaredStep {
  const node = entries.get(kind)?.node as YamlNode;
  switch (kind) {
    case 'shell':
      return shellStep(name, argumentsOf(node), { ...options, ...environmentOf(entries) });
    case 'script':
      return shellStep(name, plainOf(node) as string, { ...options, ...environmentOf(entries), shell: true });
    case 'http': {
      const request = plainOf(node);
      const body = node.kind === 'map' ? node.entries.get('body')?.node : undefined;
      const exact = body === undefined ? {} : { body: jsonOfYaml(body) };
      return httpStep(name, (isMap(request) ? { ...request, ...exact } : request) as never, options);
    }
    case 'wait':
      return waiting(name, plainOf(node), options);
    case 'csv':
      return csvStep(name, plainOf(node), options);
    case 'sql':
      return sqlDataStep(name, plainOf(node), options);
    default:
      return kind satisfies never;
  }
}

/** `timeout` may stand where one looks for it: beside what is waited for. */
function waiting(name: string, wait: unknown, options: StepOptions): DeclaredStep {
  if (!isMap(wait) || wait['timeout'] === undefined) return waitStep(name, wait as never, options);
  const { timeout, ...waited } = wait;
  const declared = waitStep(name, waited as never, { ...options, timeout: timeout as number });
  if (options.timeout === undefined) return declared;
  const twice = { pointer: '/timeout', detail: 'timeout is said twice: in wait, too' };
  return { ...declared, problems: [...declared.problems, twice] };
}

/** Arguments as they were written: `010` stays so, and `yes` is no truth. */
function argumentsOf(node: YamlNode): readonly string[] {
  return (node.kind === 'list' ? node.items.map(textOf) : plainOf(node)) as readonly string[];
}

function environmentOf(entries: YamlMap['entries']): object {
  const node = entries.get('environment')?.node;
  if (node?.kind !== 'map') return {};
  return {
    environment: Object.fromEntries([...node.entries].map(([variable, { node: value }]) => [variable, textOf(value)])),
  };
}

/** Stands for a step that cannot be understood, so that the others may name it. */
function misread(name: unknown, detail: string, options: object): DeclaredStep {
  const declared = step(name as string, () => undefined, options);
  return { ...declared, problems: [{ pointer: '', detail }, ...declared.problems] };
}

function refusal(source: YamlSource, root: YamlNode, problems: readonly ErrorPlace[]): BatchyError {
  const found = problems
    .map(({ pointer, detail }) => ({ ...placeAt(source.text, offsetOf(root, pointer, stepKindKeys)), detail }))
    .sort((one, other) => one.line - other.line || one.column - other.column);
  const told = found
    .slice(0, mostProblemsTold)
    .map(({ line, column, detail }) => `line ${line}, column ${column}: ${detail}`);
  const more = found.length > mostProblemsTold ? [`and ${found.length - mostProblemsTold} more`] : [];
  return new BatchyError('invalid-job', `${source.fileName}, ${[...told, ...more].join('; ')}.`, {
    places: found.map(({ line, column, detail }) => ({ pointer: `${line}:${column}`, detail })),
    facts: { file: source.fileName, line: found[0]?.line ?? 1, column: found[0]?.column ?? 1 },
  });
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
