import { formatOnce, type Instant } from '../domain/time.ts';
import { longestLine } from './log-files.ts';

/** `out` and `err`: what a program that the step started wrote. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'out' | 'err';

const levelTexts: Readonly<Record<LogLevel, string>> = {
  debug: 'DEBUG',
  info: 'INFO ',
  warn: 'WARN ',
  error: 'ERROR',
  out: 'OUT  ',
  err: 'ERR  ',
};

/** A text as lines of a log, each with the time and the level; those that are too long in pieces. */
export function linesOf(level: LogLevel, text: string, at: Instant): string {
  const prefix = `${stamp(at)} ${levelTexts[level]} `;
  // Most are one.
  if (text.length <= longestLine && !text.includes('\n')) return `${prefix}${text}\n`;
  let lines = '';
  for (const line of text.split('\n'))
    for (let from = 0; from === 0 || from < line.length; from += longestLine)
      lines += `${prefix}${line.slice(from, from + longestLine)}\n`;
  return lines;
}

const lineEnd = /[\n\r\u2028\u2029]/;

/** Each line with the step that it is of. */
export function marked(text: string, stepName: string): string {
  return lineEnd.test(text) ? text.replaceAll(/^/gm, () => `[${stepName}] `) : `[${stepName}] ${text}`;
}

/** Several lines are of the same moment. */
let lastStamp = { instant: -1n, text: '' };

export function stamp(instant: Instant): string {
  if (instant !== lastStamp.instant) lastStamp = { instant, text: `${formatOnce(instant)}Z` };
  return lastStamp.text;
}
