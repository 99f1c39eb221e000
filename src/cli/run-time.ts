import type { Json } from '../domain/json.ts';
import { type Instant, nanosecondsPerSecond, parseInstant } from '../domain/time.ts';

/**
 * How long something ran, or has run so far: `0.012 s`, `14 s`, `2:05:09`; nothing of what has not begun.
 * @param start and `end`: times as they are answered
 * @param now `null`: of what still runs it is not told
 */
export function runTime(start: Json | undefined, end: Json | undefined, now: Instant | null): string {
  const began = instantOf(start);
  if (began === null) return '';
  const until = instantOf(end) ?? now;
  if (until === null) return '';
  const spent = until - began;
  // The clock of this machine may be behind the server's.
  const seconds = Math.max(0, Number(spent) / Number(nanosecondsPerSecond));
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 3 : 2)} s`;
  const whole = Math.floor(seconds);
  if (whole < 100) return `${whole} s`;
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

function instantOf(text: Json | undefined): Instant | null {
  return typeof text === 'string' ? parseInstant(text) : null;
}
