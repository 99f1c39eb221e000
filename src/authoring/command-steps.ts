import type { Json } from '../domain/json.ts';
import { templateNames, templateProblem } from '../domain/template.ts';
import { describe, isRecord, Options, type Problems } from './options.ts';
import { type DeclaredStep, declareStep, type StepOptions, stepOptionNames } from './step.ts';

export interface ShellStepOptions extends StepOptions {
  /** The one text goes to a shell, which finds parameters as environment variables only. Never `{{name}}` in it. */
  readonly shell?: boolean;
  /** Names of variables that the program gets from Batchy's environment, beside `PATH`, `HOME`, `LANG`, `TZ` and the like. */
  readonly passEnvironment?: readonly string[];
  /** Variables of the program by their names; the values may hold `{{name}}`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the program runs; may hold `{{name}}`. That of Batchy if not said. */
  readonly workingDirectory?: string;
}

const shellOptionNames = ['passEnvironment', 'environment', 'workingDirectory'] as const;

/**
 * A step that runs a program: `shellStep('Load', ['./load.sh', '{{from_date}}'])`. `{{name}}` is a parameter or a context
 * value, as one argument, whatever it holds. An exit code other than 0 fails the step; a timeout ends the whole process group.
 * @param command arguments, the program first; one text together with `shell: true`
 */
export function shellStep(
  name: string,
  command: readonly string[] | string,
  options: ShellStepOptions = {},
): DeclaredStep {
  const problems: Problems = [];
  const known = [...stepOptionNames, ...shellOptionNames, 'shell'];
  const read = new Options(options, '', `shell step ${describe(name)}`, known, problems);
  const shell = read.flag('shell', false);
  const argv = readCommand(command, shell, problems);
  const environment = read.textMap('environment');
  const names = shell ? [] : argv.flatMap((text, index) => namesIn(text, ['shell', index], read));
  for (const [variable, text] of Object.entries(environment))
    names.push(...namesIn(text, ['environment', variable], read));
  const workingDirectory = read.text('workingDirectory');
  if (workingDirectory !== null) names.push(...namesIn(workingDirectory, ['workingDirectory'], read));
  const passEnvironment = read.texts('passEnvironment') ?? [];
  return declareStep(
    name,
    read,
    { kind: 'shell', argv, shell, passEnvironment, environment, workingDirectory },
    problems,
    names,
  );
}

function readCommand(command: unknown, shell: boolean, problems: Problems): readonly string[] {
  const add = (detail: string, index?: number): void => {
    problems.push({ pointer: index === undefined ? '/shell' : `/shell/${index}`, detail });
  };
  if (shell) {
    if (typeof command !== 'string' || command.trim() === '')
      add(`must be the one text that the shell gets, but it is ${describe(command)}`);
    else if (templateNames(command).length > 0)
      add(
        'the text of a shell may not hold {{name}}: what would be put in could be read as commands; write "$PARAM_name"',
      );
    return [String(command)];
  }
  if (!Array.isArray(command)) {
    add(`must be a list, the program first, then its arguments, but it is ${describe(command)}`);
    return [];
  }
  if (command.length === 0 || command[0] === '') add('names no program');
  command.forEach((argument: unknown, index) => {
    if (typeof argument !== 'string') add(`must be a text (put it in quotes), but it is ${describe(argument)}`, index);
    else if (argument.includes('\0')) add('may not hold the character NUL, which no argument can', index);
  });
  return command.filter((argument) => typeof argument === 'string');
}

export interface HttpRequestOptions {
  /** May hold `{{name}}`, whose value is encoded. */
  readonly url: string;
  /** `GET` (if not said), `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`. */
  readonly method?: string;
  /** The values may hold `{{name}}`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a text as it is. */
  readonly body?: Json;
  /** Targets in private and link-local networks are refused unless this is said. */
  readonly allowPrivate?: boolean;
}

const requestOptionNames = ['url', 'method', 'headers', 'body', 'allowPrivate'] as const;
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A step that sends one request; an answer other than 2xx fails it. URL, headers and texts of the body may hold `{{name}}`. */
export function httpStep(name: string, request: HttpRequestOptions, options: StepOptions = {}): DeclaredStep {
  const problems: Problems = [];
  const read = new Options(options, '', `http step ${describe(name)}`, stepOptionNames, problems);
  const asked = new Options(request, '/http', 'http', requestOptionNames, problems);
  const url = asked.requiredText('url');
  const headers = asked.textMap('headers');
  const body = (asked.raw('body') ?? null) as Json;
  const names = namesIn(url, ['url'], asked);
  for (const [header, text] of Object.entries(headers)) names.push(...namesIn(text, ['headers', header], asked));
  names.push(...namesWithin(body, ['body'], asked));
  if (url !== '' && !/^https?:\/\//i.test(url) && !url.startsWith('{{'))
    asked.addAt(['url'], `must begin with http:// or https://, but it is ${describe(url)}`);
  return declareStep(
    name,
    read,
    {
      kind: 'http',
      method: asked.oneOf('method', methods, 'GET'),
      url,
      headers,
      body,
      allowPrivate: asked.flag('allowPrivate', false),
    },
    problems,
    names,
  );
}

export interface WaitOptions {
  /** Its name; may hold `{{name}}`. */
  readonly workflow: string;
  /** Those of the workflow that are waited for; all if not said. */
  readonly jobs?: readonly string[];
}

/** A step that waits for another workflow's success of today. Its `timeout` (seconds) fails it. */
export function waitStep(name: string, waited: WaitOptions, options: StepOptions = {}): DeclaredStep {
  const problems: Problems = [];
  const read = new Options(options, '', `wait step ${describe(name)}`, stepOptionNames, problems);
  const wait = new Options(waited, '/wait', 'wait', ['workflow', 'jobs'], problems);
  const workflow = wait.requiredText('workflow');
  const jobs = wait.texts('jobs');
  if (jobs?.length === 0) wait.addAt(['jobs'], 'names no job; leave it out to wait for all of them');
  const names = namesIn(workflow, ['workflow'], wait);
  return declareStep(name, read, { kind: 'wait', workflow, jobs }, problems, names);
}

function namesWithin(value: unknown, path: readonly (string | number)[], options: Options): string[] {
  if (typeof value === 'string') return namesIn(value, path, options);
  if (Array.isArray(value)) return value.flatMap((item, index) => namesWithin(item, [...path, index], options));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => namesWithin(item, [...path, key], options));
}

/** The names that a text takes; how it is written is checked on the way. */
function namesIn(text: string, path: readonly (string | number)[], options: Options): string[] {
  const problem = templateProblem(text);
  if (problem !== null) options.addAt(path, problem);
  return templateNames(text);
}
