import { BatchyError, type ErrorPlace } from '../domain/errors.ts';

/** A YAML file's text and the name by which messages call it. */
export interface YamlSource {
  readonly text: string;
  readonly fileName: string;
  /** What it should hold, for messages; jobs and their parameters, if not said. */
  readonly holds?: string;
}

/** Line and column, both from 1, of an offset into the text. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, Math.max(0, offset));
  const lines = before.split(/\r\n|\r|\n/);
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

/**
 * What is wrong in a file, and where.
 * @returns BatchyError `invalid-configuration` with the file, line and column in its sentence, its place and its facts
 */
export function yamlProblem(source: YamlSource, offset: number, problem: string, cause?: unknown): BatchyError {
  const { line, column } = placeAt(source.text, offset);
  const places: ErrorPlace[] = [{ pointer: `${line}:${column}`, detail: problem }];
  return new BatchyError('invalid-configuration', `${source.fileName}, line ${line}, column ${column}: ${problem}.`, {
    places,
    facts: { file: source.fileName, line, column },
    ...(cause === undefined ? {} : { cause }),
  });
}
