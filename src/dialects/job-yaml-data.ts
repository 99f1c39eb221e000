import {
  chunkStep,
  csvReader,
  type CsvReaderOptions,
  csvWriter,
  type DeclaredStep,
  sqlReader,
  type SqlReaderOptions,
  sqlStep,
  sqlWriter,
  step,
  type StepContext,
  type StepOptions,
} from '../authoring/index.ts';
import type { ErrorPlace } from '../domain/errors.ts';
import { templateNames, templateProblem, renderTemplate, templateValues } from '../domain/template.ts';

/** Steps of YAML jobs that move rows: what they are told is checked here, the rest by the chunk step that they become. */

type Settings = Readonly<Record<string, unknown>>;

const chunkKeys = ['chunkSize', 'skip', 'retry'] as const;
const csvFormatKeys = ['delimiter', 'quote', 'columns', 'encoding', 'maxRecordBytes'] as const;
const csvKeys = ['file', 'table', 'schema', 'key', 'connection', ...csvFormatKeys, ...chunkKeys] as const;
const intoKeys = ['table', 'schema', 'key', 'connection', 'file', 'delimiter', 'quote', 'columns'] as const;
const sqlKeys = ['query', 'execute', 'connection', 'key', 'into', ...chunkKeys] as const;
const executeKeys = ['execute', 'connection'] as const;

/** `csv: {file, table, key, connection}`: the rows of a file into a table. */
export function csvStep(name: string, value: unknown, options: StepOptions): DeclaredStep {
  const check = new SettingsCheck('csv', value, csvKeys);
  const file = check.text('file', true);
  const table = check.text('table', true);
  const format = {
    ...check.texts('delimiter', 'quote', 'encoding', 'schema'),
    ...check.raw('columns', 'maxRecordBytes'),
  };
  const { schema, ...csvOptions } = format as CsvReaderOptions & { schema?: string };
  const target = { table, ...(schema === undefined ? {} : { schema }), ...check.lists('key') };
  const connection = check.text('connection', false);
  return check.step(name, options, () => ({
    reader: csvReader(rendered(file), csvOptions),
    writer: sqlWriter({ ...target, ...connected(connection) }),
    ...check.raw(...chunkKeys),
  }));
}

/**
 * `sql: {query, connection, into: {table | file}}`: what a query gives into a table or a CSV file. `sql: {execute, connection}`: one
 * statement, or a list of them, in a transaction. `:name` is a value.
 */
export function sqlDataStep(name: string, value: unknown, options: StepOptions): DeclaredStep {
  if (isMap(value) && value['execute'] !== undefined) return executing(name, value, options);
  const check = new SettingsCheck('sql', value, sqlKeys);
  const query = check.text('query', true);
  const connection = check.text('connection', false);
  if (templateNames(query).length > 0) check.add('/query', 'takes values as :name, never as {{name}}');
  const source: SqlReaderOptions = {
    query,
    parameters: (ctx) => valuesIn([query], ctx),
    ...connected(connection),
    ...check.lists('key'),
  };
  const into = check.within('into', intoKeys);
  const table = into.text('table', false);
  const file = into.text('file', false);
  if ((table === '') === (file === '')) into.add('', 'must name either a table or a file');
  const target = into.text('connection', false);
  const inTable = { table, ...into.texts('schema'), ...into.lists('key'), ...connected(target) };
  return check.step(name, options, () => ({
    reader: sqlReader(source),
    writer: table === '' ? csvWriter(rendered(file), into.raw('delimiter', 'quote', 'columns')) : sqlWriter(inTable),
    ...check.raw(...chunkKeys),
  }));
}

function executing(name: string, value: Settings, options: StepOptions): DeclaredStep {
  const check = new SettingsCheck('sql', value, executeKeys);
  const execute = check.settings['execute'];
  const statements = (Array.isArray(execute) ? execute : [execute]) as readonly string[];
  const connection = check.text('connection', false);
  const declared = sqlStep(
    name,
    { statements, parameters: (ctx) => valuesIn(statements, ctx), ...connected(connection) },
    options,
  );
  // The statements stand under another name here, a single one without a list.
  const written = Array.isArray(execute) ? /^\/sql\/statements/ : /^\/sql\/statements(?:\/0)?/;
  const problems = declared.problems.map(({ pointer, detail }) => ({
    pointer: pointer.replace(written, '/sql/execute'),
    detail,
  }));
  return check.finished({ ...declared, problems });
}

class SettingsCheck {
  readonly settings: Settings;
  readonly problems: ErrorPlace[];
  readonly #what: string;
  readonly #at: string;
  readonly #names: string[];

  constructor(what: string, value: unknown, known: readonly string[], outer?: SettingsCheck) {
    this.settings = isMap(value) ? value : {};
    this.problems = outer?.problems ?? [];
    this.#names = outer === undefined ? [] : outer.#names;
    this.#what = what;
    this.#at = outer === undefined ? `/${what}` : `${outer.#at}/${what}`;
    if (!isMap(value)) this.add('', `${what} must be a map of settings`);
    for (const key of Object.keys(this.settings))
      if (!known.includes(key))
        this.add(`/${key}`, `${JSON.stringify(key)} is no setting of ${what}; there are ${known.join(', ')}`);
  }

  within(key: string, known: readonly string[]): SettingsCheck {
    return new SettingsCheck(key, this.settings[key], known, this);
  }

  add(path: string, detail: string): void {
    this.problems.push({ pointer: `${this.#at}${path}`, detail });
  }

  /** `''` where there is none. */
  text(key: string, required: boolean): string {
    const value = this.settings[key];
    if (value === undefined && !required) return '';
    if (typeof value !== 'string' || value === '') {
      this.add(
        value === undefined ? '' : `/${key}`,
        value === undefined ? `${this.#what} needs ${key}` : `${key} must be a text`,
      );
      return '';
    }
    const problem = templateProblem(value);
    if (problem !== null) this.add(`/${key}`, problem);
    this.#names.push(...templateNames(value));
    return value;
  }

  texts(...keys: string[]): Readonly<Record<string, string>> {
    return Object.fromEntries(
      keys.filter((key) => this.settings[key] !== undefined).map((key) => [key, this.text(key, false)]),
    );
  }

  lists(...keys: string[]): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(
      keys.flatMap((key) => {
        const value = this.settings[key];
        if (value === undefined) return [];
        if (Array.isArray(value) && value.every((item) => typeof item === 'string') && value.length > 0)
          return [[key, value]];
        this.add(`/${key}`, `${key} must be a list of columns`);
        return [];
      }),
    );
  }

  raw(...keys: string[]): Settings {
    return Object.fromEntries(
      keys.filter((key) => this.settings[key] !== undefined).map((key) => [key, this.settings[key]]),
    );
  }

  /** @param make what refuses its settings by a throw is a problem like any other */
  step(name: string, options: StepOptions, make: () => object): DeclaredStep {
    return this.finished(this.#made(name, options, make));
  }

  finished(declared: DeclaredStep): DeclaredStep {
    return {
      ...declared,
      definition: { ...declared.definition, withoutCode: true },
      templateNames: this.#names,
      problems: [...this.problems, ...declared.problems],
    };
  }

  #made(name: string, options: StepOptions, make: () => object): DeclaredStep {
    const placeholder = (): DeclaredStep => step(name, () => undefined, options);
    if (this.problems.length > 0) return placeholder();
    try {
      return chunkStep(name, { ...options, ...make() } as Parameters<typeof chunkStep>[1]);
    } catch (error) {
      this.add('', error instanceof Error ? error.message : String(error));
      return placeholder();
    }
  }
}

function rendered(text: string): (ctx: StepContext) => string {
  return (ctx) => renderTemplate(text, templateValues(ctx));
}

function connected(connection: string): { connection?: (ctx: StepContext) => string } {
  return connection === '' ? {} : { connection: rendered(connection) };
}

/** Those that the texts may ask for; what asks for another one is told so when it is bound. */
function valuesIn(texts: readonly string[], ctx: StepContext): Readonly<Record<string, unknown>> {
  const names = texts.flatMap((text) => [...text.matchAll(/:([A-Za-z_]\w*)/g)].map((match) => match[1] ?? ''));
  const valueOf = templateValues(ctx);
  return Object.fromEntries(names.map((name) => [name, valueOf(name)]).filter(([, value]) => value !== undefined));
}

function isMap(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
