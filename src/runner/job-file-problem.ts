import { open, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

import { BatchyError } from '../domain/errors.ts';
import { namesTaskList } from './task-list-files.ts';

/** A job file that cannot be used. It does not stop the others. */
export interface BrokenJobFile {
  /** From the folder of jobs. */
  readonly file: string;
  /** Both from 1; `null` where the place is not known. */
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  /** The jobs that it should define, as far as could be told. */
  readonly jobs: readonly string[];
}

interface Place {
  readonly line: number;
  readonly column: number | null;
}

/** A message may quote what a file holds; a page and a log line need no more of it. */
const longestMessage = 4000;
/** A job says its name before its steps. */
const beginningBytes = 64 * 1024;
/** Job files that are imported. */
export const codeFile = /\.(?:ts|js|mts|mjs)$/;

export function brokenFile(
  file: string,
  problem: string,
  { place = null, jobs = [] }: { readonly place?: Place | null; readonly jobs?: readonly string[] } = {},
): BrokenJobFile {
  const message = stripVTControlCharacters(problem).slice(0, longestMessage);
  return { file, line: place?.line ?? null, column: place?.column ?? null, message, jobs };
}

/**
 * The names of the jobs and flows that a file which cannot be read was to define, as far as they stand there as they are: only a hint for
 * whoever asks for one of them, so that half a file will do.
 */
export async function namesIn(folder: string, file: string): Promise<string[]> {
  // A profile may say otherwise.
  if (namesTaskList(file)) return [path.parse(file).name];
  const text = await beginningOf(path.join(folder, file));
  if (!codeFile.test(file)) return firstName(text, /\bname["']?\s*:\s*(?:"([^"\n]+)"|'([^'\n]+)'|([^\s"',#}]+))/);
  // Steps and tasks have names, too, and may stand before the job that takes them.
  const [, ...definitions] = text.split(/(?=\bdefine(?:Job|Flow)\s*(?:<[^()]*>\s*)?\()/);
  return [...new Set(definitions.flatMap((definition) => firstName(definition, nameOfCode)))];
}

const nameOfCode = /^define(?:Flow[^(]*\(|Job[^(]*\([^]*?\bname["']?\s*:)\s*(?:"([^"\n]+)"|'([^'\n]+)'|`([^`$\n]+)`)/;

function firstName(text: string, pattern: RegExp): string[] {
  const [, ...quoted] = pattern.exec(text) ?? [];
  return quoted.filter((name) => name !== undefined);
}

/** What a file's reading threw, with the best place that can be told. */
export async function brokenBy(error: unknown, folder: string, file: string): Promise<BrokenJobFile> {
  const whole = path.join(folder, file);
  if (error instanceof BatchyError) {
    const place = yamlPlace(error) ?? framePlace(error.stack ?? '', whole);
    // Of a YAML file the sentence begins with the file already.
    const detail = error.detail.startsWith(`${file}, line`) ? error.detail.slice(file.length + 2) : error.detail;
    return brokenFile(file, detail, { place });
  }
  if (!(error instanceof Error)) return brokenFile(file, `it threw ${String(error).slice(0, 200)} while it was loaded`);
  const stack = error.stack ?? '';
  const place = headingPlace(stack, whole) ?? framePlace(stack, whole) ?? (await searchedPlace(error, whole));
  const elsewhere = place === null ? placeElsewhere(stack, folder) : '';
  return brokenFile(file, `${sentence(error, folder)}${elsewhere}`, { place });
}

function sentence(error: Error, folder: string): string {
  // Where the folder lies is nobody's business who asks over HTTP.
  const message = error.message.replaceAll(`${folder}${path.sep}`, '').replace(/ imported from \S+$/, '');
  return error.name === 'Error' ? message : `${error.name}: ${message}`;
}

function yamlPlace({ facts }: BatchyError): Place | null {
  const { line, column } = facts;
  return typeof line === 'number' ? { line, column: typeof column === 'number' ? column : null } : null;
}

/** Syntax errors come with `file:line`, an excerpt and a row of `^` above the stack. */
function headingPlace(stack: string, file: string): Place | null {
  const [heading = '', ...rest] = stack.split('\n');
  const line = [file, pathToFileURL(file).href].map((name) => lineAfter(heading, name)).find((found) => found !== null);
  if (line === undefined) return null;
  const carets = rest.find((text) => /^\s*\^+\s*$/.test(text));
  return { line, column: carets === undefined ? null : carets.indexOf('^') + 1 };
}

function lineAfter(heading: string, name: string): number | null {
  const number = heading.startsWith(`${name}:`) ? Number(heading.slice(name.length + 1)) : Number.NaN;
  return Number.isSafeInteger(number) ? number : null;
}

/** The innermost call of the stack that stands in the file itself: of a refused job, where `defineJob` is called. */
function framePlace(stack: string, file: string): Place | null {
  const url = pathToFileURL(file).href;
  for (const frame of stack.split('\n')) {
    const at = frame.indexOf(`${url}:`);
    const match = at === -1 ? null : /^(\d+):(\d+)/.exec(frame.slice(at + url.length + 1));
    if (match !== null) return { line: Number(match[1]), column: Number(match[2]) };
  }
  return null;
}

/** Where the error tells no place, the text may: an import that is not found, JavaScript that cannot be parsed. */
async function searchedPlace(error: Error, file: string): Promise<Place | null> {
  const text = await textOf(file);
  if (text === null) return null;
  const missing = /^Cannot find (?:package|module) '([^']+)' imported from (.+)$/.exec(error.message);
  if (missing !== null && missing[2] === file) return importPlace(text, missing[1] ?? '');
  return error instanceof SyntaxError ? parsedPlace(text, file) : null;
}

async function beginningOf(file: string): Promise<string> {
  try {
    await using opened = await open(file);
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return null;
  }
}

function importPlace(text: string, wanted: string): Place | null {
  const base = path.basename(wanted);
  const lines = text.split(/\r\n|\n|\r/);
  const index = lines.findIndex((line) => /\b(?:from|import)\b/.test(line) && line.includes(base));
  return index === -1 ? null : { line: index + 1, column: null };
}

function parsedPlace(text: string, file: string): Place | null {
  try {
    stripTypeScriptTypes(text, { sourceUrl: file });
    return null;
  } catch (error) {
    return error instanceof Error ? headingPlace(error.stack ?? '', file) : null;
  }
}

/** A helper of the file is wrong, not the file. */
function placeElsewhere(stack: string, folder: string): string {
  const match = /^(?:file:\/\/)?(\/\S+?):(\d+)$/m.exec(stack.split('\n')[0] ?? '');
  const file = match?.[1];
  return file?.startsWith(`${folder}${path.sep}`) === true
    ? ` (in ${path.relative(folder, file)}, line ${match?.[2]})`
    : '';
}
