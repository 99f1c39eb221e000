import { parseArgs } from 'node:util';

import { CommandFailure, exits } from '../exit-codes.ts';
import { type ServerAddress, serverAddress } from '../server-address.ts';

export interface WaitsyOptions {
  readonly workflows: readonly string[];
  readonly address: ServerAddress;
  readonly intervalSeconds: number;
  /** `null` waits for ever. */
  readonly timeoutSeconds: number | null;
  /** `YYYY-MM-DD`, or `null` for today. */
  readonly date: string | null;
  readonly timezone: string;
  /** When the business day begins, in minutes after local midnight. */
  readonly beginsAtMinute: number;
  readonly failFast: boolean;
  readonly output: 'text' | 'json' | 'quiet';
}

const defaultIntervalSeconds = 10;

/** Every option once: what parses it, and what `--help` says. */
const options = {
  workflow: {
    type: 'string',
    multiple: true,
    short: 'w',
    shown: '-wf, --workflow <name>',
    help: 'workflow to wait for; may be repeated',
  },
  url: {
    type: 'string',
    shown: '--url <url>',
    help: 'address of the server (default: BATCHY_URL, or http://127.0.0.1:5000)',
  },
  key: { type: 'string', shown: '--key <key>', help: 'API key (default: BATCHY_KEY)' },
  interval: {
    type: 'string',
    shown: '--interval <seconds>',
    help: `pause between two polls (default: ${defaultIntervalSeconds})`,
  },
  timeout: { type: 'string', shown: '--timeout <seconds>', help: 'give up after so long (default: never)' },
  date: {
    type: 'string',
    shown: '--date <date>',
    help: 'day of the success, YYYY-MM-DD (default: today, by the server’s clock)',
  },
  timezone: {
    type: 'string',
    shown: '--timezone <zone>',
    help: 'zone of that day, for example Europe/Berlin (default: UTC)',
  },
  'new-day': {
    type: 'string',
    shown: '--new-day <time>',
    help: 'when the business day begins, HH:MM (default: 00:00)',
  },
  'fail-fast': { type: 'boolean', shown: '--fail-fast', help: 'end as soon as a job has failed' },
  quiet: { type: 'boolean', shown: '--quiet', help: 'print nothing but errors' },
  json: { type: 'boolean', shown: '--json', help: 'print a line of JSON a poll' },
  help: { type: 'boolean', short: 'h', shown: '-h, --help', help: 'print help' },
} as const;

export const usage = `Usage: waitsy -wf <workflow> [options]

Waits until every job of the workflow has succeeded on today's date; yesterday's success does not count.

Options:
${Object.values(options)
  .map(({ shown, help }) => `  ${shown.padEnd(24)} ${help}`)
  .join('\n')}

Exit codes: 0 ready, 1 a job has failed (--fail-fast), 2 usage, unknown workflow, or no server, 124 not ready in time (--timeout)
`;

/**
 * @returns `null` when help is asked for
 * @throws CommandFailure usage
 */
export async function readWaitsyOptions(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<WaitsyOptions | null> {
  const values = parse(argv);
  if (values.help === true) return null;
  if (values.workflow === undefined) refuse('Which workflow? waitsy -wf NAME');
  if (values.quiet === true && values.json === true) refuse('Give --quiet or --json, not both.');
  const { url, key, date = null, timezone = 'UTC', 'new-day': newDay } = values;
  return {
    workflows: [...new Set(values.workflow)],
    address: serverAddress({ url, key, environment }),
    intervalSeconds: seconds('--interval', values.interval) ?? defaultIntervalSeconds,
    timeoutSeconds: seconds('--timeout', values.timeout),
    date: date === null ? null : checkDate(date),
    timezone: await checkTimeZone(timezone),
    beginsAtMinute: newDay === undefined ? 0 : minutes(newDay),
    failFast: values['fail-fast'] === true,
    output: values.quiet === true ? 'quiet' : values.json === true ? 'json' : 'text',
  };
}

function parse(argv: readonly string[]) {
  // `-wf`, the spelling that scripts have, is none that option parsers know: a dash and two letters are two options to them.
  const args = argv.map((arg) => arg.replace(/^-wf(?==|$)/, '--workflow'));
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    return refuse((cause as Error).message.split('\n')[0] ?? '');
  }
}

function seconds(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    refuse(`${name} is ${JSON.stringify(text)}; expected a number of seconds, more than 0.`);
  // Timers of the language hold 31 bits of milliseconds.
  return Math.min(value, 2_147_483);
}

function checkDate(text: string): string {
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : null;
  const isDate = date !== null && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
  return isDate ? text : refuse(`--date is ${JSON.stringify(text)}; expected for example 2026-11-21.`);
}

async function checkTimeZone(name: string): Promise<string> {
  if (name === 'UTC') return name;
  const { isTimeZone } = await import('../../domain/time.ts');
  return isTimeZone(name)
    ? name
    : refuse(`--timezone is ${JSON.stringify(name)}; expected an IANA zone such as Europe/Berlin.`);
}

function minutes(text: string): number {
  const [, hour, minute] =
    /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ??
    refuse(`--new-day is ${JSON.stringify(text)}; expected HH:MM, for example 06:00.`);
  return Number(hour) * 60 + Number(minute);
}

function refuse(message: string): never {
  throw new CommandFailure(exits.usage, message);
}
