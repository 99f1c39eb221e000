import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Longest message that is stored with an execution, in characters. The log has all of it. */
const longestMessage = 2000;

/** An error's text in one line or more, without its stack: what is stored and answered. Anything can be thrown. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : describe(error);
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
}

/** Our own sources, as frames of a stack name them. */
const ownSources = [path.dirname(import.meta.dirname), pathToFileURL(path.dirname(import.meta.dirname)).href].map(
  (folder) => `${folder}/`,
);

/** All that is known of an error, for the log: stack and causes. */
export function errorStack(error: unknown): string {
  const lines: string[] = [];
  for (let current = error, depth = 0; current !== undefined && depth < 5; depth += 1) {
    const text = current instanceof Error ? authorsStack(current.stack ?? current.message) : describe(current);
    lines.push(depth === 0 ? text : `caused by ${text}`);
    current = current instanceof Error ? current.cause : undefined;
  }
  return lines.join('\n');
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
    return 'something was thrown that is no error';
  }
}
