import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Longest message that is stored with an execution, in characters. The log has all of it. */
const longestMessage = 2000;

/** Longest kind of an error, in characters. */
const longestKind = 100;
const indescribable = 'something was thrown that is no error';

/** A failure that is ours by nature, such as a program's exit code: where we noticed it tells its author nothing. */
export class PlainFailure extends Error {}

/** An error's text in one line or more, without its stack: what is stored and answered. Anything can be thrown. */
export function errorText(error: unknown): string {
  return cut(error instanceof Error ? messageOf(error) : describe(error), longestMessage);
}

/** What an error calls itself (`TypeError`), or the type of what was thrown in its place. */
export function errorKind(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const name = fieldOf(error, 'name');
  return typeof name === 'string' && name !== '' ? cut(name, longestKind) : 'Error';
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** Nobody sees to it that what an error says is a text. */
function messageOf(error: Error): string {
  const message = fieldOf(error, 'message');
  if (message === undefined) return indescribable;
  return describe(message === '' ? fieldOf(error, 'name') : message);
}

/** `undefined` for what cannot be had. */
function fieldOf(error: Error, field: 'name' | 'message' | 'stack' | 'cause'): unknown {
  try {
    return error[field];
  } catch {
    return undefined;
  }
}

/** Our own sources, as frames of a stack name them. */
const ownSources = [path.dirname(import.meta.dirname), pathToFileURL(path.dirname(import.meta.dirname)).href].map(
  (folder) => `${folder}/`,
);

/** All that is known of an error, for the log: stack and causes; of a plain failure only what it and its causes say. */
export function errorStack(error: unknown): string {
  const lines: string[] = [];
  const told = error instanceof PlainFailure ? messageOf : (failure: Error): string => authorsStack(stackOf(failure));
  for (let current = error, depth = 0; current !== undefined && depth < 5; depth += 1) {
    const text = current instanceof Error ? told(current) : describe(current);
    lines.push(depth === 0 ? text : `caused by ${text}`);
    current = current instanceof Error ? fieldOf(current, 'cause') : undefined;
  }
  return lines.join('\n');
}

function stackOf(error: Error): string {
  const stack = fieldOf(error, 'stack');
  return typeof stack === 'string' ? stack : messageOf(error);
}

/** A stack down to the author's code: below it come only the frames of who called that. One without any of it is left whole. */
function authorsStack(stack: string): string {
  const lines = stack.split('\n');
  const last = lines.findLastIndex((line) => isFrame(line) && !isOwn(line));
  return last === -1 ? stack : lines.slice(0, last + 1).join('\n');
}

function isFrame(line: string): boolean {
  return /^ +at /.test(line);
}

/** Ours, the language's, or a library's that we have called. */
function isOwn(frame: string): boolean {
  if (ownSources.some((folder) => frame.includes(folder))) return true;
  return frame.includes('/node_modules/') || !/[\\/]/.test(frame) || /\(?node:/.test(frame);
}

function describe(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return indescribable;
  }
}
