import { readFileSync } from 'node:fs';
import path from 'node:path';

import { type ParameterType, parameterTypes } from '../src/domain/job.ts';
import { markdownTable } from './marked-region.ts';

const root = path.dirname(import.meta.dirname);

/** One option of an interface, as its declaration and the comment above it tell. */
interface Member {
  readonly name: string;
  readonly type: string;
  readonly isOptional: boolean;
  readonly isMethod: boolean;
  readonly text: string;
}

/**
 * The members of an exported interface, from its text: the compiler has no interface for programs that could be asked. A member that
 * says nothing of itself is an error, so that nobody adds an option without a word.
 * @throws Error where the file has no such interface, or a member has no comment
 */
export function membersOf(source: string, name: string): Member[] {
  const [, body] = new RegExp(`^(?:export )?interface ${name}\\b[^\\n]*\\{\\n(.*?)^\\}`, 'ms').exec(source) ?? [];
  if (body === undefined) throw new Error(`there is no interface ${name}`);
  const member = /(?: {2}\/\*\*(.*?)\*\/\n)? {2}(?:readonly )?(\w+)(\?)?(\(.*?\): .*?|: .*?);\n/gs;
  return [...body.matchAll(member)].map(([, comment = '', key = '', mark, type = '']) => {
    const text = proseOf(comment);
    if (text === '') throw new Error(`${name}.${key} has no comment that a reader could be shown`);
    const isMethod = type.startsWith('(');
    return {
      name: key,
      type: type.replace(/^: /, '').replaceAll(/\s+/g, ' '),
      isOptional: mark === '?',
      isMethod,
      text,
    };
  });
}

/** Without the stars before each line, and with what the tags say as sentences. */
function proseOf(comment: string): string {
  return comment
    .replaceAll(/^\s*\*? ?/gm, '')
    .replaceAll(/@param (\w+) /g, '`$1`: ')
    .replaceAll(/@throws (\w+)/g, 'Throws `$1`')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/**
 * The table of an interface's options.
 * @param file from the project's root
 * @param isGiven nobody sets them: it is what a step gets
 */
function listOptions(file: string, name: string, isGiven: boolean): string {
  const members = membersOf(readFileSync(path.join(root, file), 'utf8'), name);
  const rows = members.map(({ name: option, type, isOptional, isMethod, text }) => [
    isMethod ? `\`${option}${type}\`` : `\`${option}\``,
    isMethod ? '' : `\`${type.replaceAll('readonly ', '')}\``,
    isOptional || isGiven ? text : `**Required.** ${text}`,
  ]);
  return markdownTable(['name', 'type', 'what it is'], rows);
}

/** What a type of parameter takes from a launch, and what a step finds in `ctx.parameters`. */
const typeRows: Readonly<Record<Exclude<ParameterType, 'null'>, readonly [takes: string, gives: string]>> = {
  string: ['any text, one that looks like a date as well', 'a string'],
  integer: ['a number without fraction or exponent: `7`, not `7.0`', 'a number; beyond 2^53 a bigint'],
  float: ['a number, an integer as well', 'a number'],
  boolean: ['`true` or `false`', 'a boolean'],
  date: [
    '`2026-11-21`, `2026-11-21T06:30`, with seconds, up to 9 fraction digits, `Z` or `+01:00`',
    'the text that was given',
  ],
  json: ['an object or a list', 'the object or list'],
};

/** Every type that a parameter may be declared with. */
function listParameterTypes(): string {
  const rows = parameterTypes.flatMap((type) => (type === 'null' ? [] : [[`\`${type}\``, ...typeRows[type]]]));
  return markdownTable(['type', 'takes', 'a step gets'], rows);
}

/** Tables of `docs/job-reference.md`: the region of each, the file and the interface that it shows. */
const optionTables = [
  ['job', 'src/authoring/define-job.ts', 'JobOptions'],
  ['parameter', 'src/authoring/parameters.ts', 'ParameterOptions'],
  ['every-step', 'src/authoring/step.ts', 'StepOptions'],
  ['chunk', 'src/authoring/chunk-step.ts', 'ChunkOptions'],
  ['skip', 'src/authoring/faults.ts', 'SkipOptions'],
  ['item-retry', 'src/authoring/faults.ts', 'ItemRetryOptions'],
  ['error-choice', 'src/authoring/faults.ts', 'ErrorChoice'],
  ['partition', 'src/authoring/partitioned-step.ts', 'Partitioning'],
  ['shell', 'src/authoring/command-steps.ts', 'ShellStepOptions'],
  ['http', 'src/authoring/command-steps.ts', 'HttpRequestOptions'],
  ['wait', 'src/authoring/command-steps.ts', 'WaitOptions'],
  ['sql', 'src/runner/items/sql-statements.ts', 'SqlStatements'],
  ['csv-reader', 'src/runner/items/csv-reader.ts', 'CsvReaderOptions'],
  ['json-reader', 'src/runner/items/ndjson-reader.ts', 'JsonReaderOptions'],
  ['sql-reader', 'src/runner/items/sql-reader.ts', 'SqlReaderOptions'],
  ['http-reader', 'src/runner/items/http-reader.ts', 'HttpReaderOptions'],
  ['csv-writer', 'src/runner/items/csv-writer.ts', 'CsvWriterOptions'],
  ['sql-writer', 'src/runner/items/sql-writer.ts', 'SqlWriterOptions'],
] as const;

/** What a step is given: as above. */
const givenTables = [
  ['ctx', 'src/runner/step-context.ts', 'StepContext'],
  ['shared', 'src/runner/step-context.ts', 'SharedContext'],
] as const;

const page = 'docs/job-reference.md';

export const jobReferenceRegions = [
  { file: page, region: 'parameter-types', draw: listParameterTypes },
  ...optionTables.map(([region, file, name]) => ({ file: page, region, draw: () => listOptions(file, name, false) })),
  ...givenTables.map(([region, file, name]) => ({ file: page, region, draw: () => listOptions(file, name, true) })),
];
