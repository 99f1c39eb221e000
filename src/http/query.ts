import { BatchyError } from '../domain/errors.ts';
import { type Instant, parseInstant } from '../domain/time.ts';

/** `a,b` → names; absent → all (`null`). @throws BatchyError `invalid-request` for an empty name */
export function readJobNames(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  const names = text.split(',');
  if (names.some((name) => name === ''))
    throw new BatchyError('invalid-request', 'job must be names separated by commas, without empty ones.', {
      places: [{ pointer: '/job', detail: 'an empty name' }],
    });
  return [...new Set(names)];
}

/** @throws BatchyError `invalid-request` */
export function readInstant(pointer: string, text: string): Instant {
  const instant = parseInstant(text);
  if (instant !== null) return instant;
  const detail = `${JSON.stringify(text.slice(0, 60))} is no time; expected for example 2026-11-21 or 2026-11-21T21:53:34.230000`;
  throw new BatchyError('invalid-request', `${pointer.slice(1)}: ${detail}.`, { places: [{ pointer, detail }] });
}
