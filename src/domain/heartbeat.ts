import type { StateDocument, StateDocumentKey } from './execution-documents.ts';
import { stringifyJson } from './json.ts';
import { parseStoredObject, storedFields } from './stored-fields.ts';
import { formatInstant, type Instant } from './time.ts';

/**
 * A conductor's sign of life: a document whose revision grows as long as it lives. Whoever wants to know watches whether it
 * grows, by a clock of its own; the time in it is for people.
 */
export interface Heartbeat {
  readonly conductor: string;
  readonly at: Instant;
  /** Why it will grow no more, told by whoever saw the process end: `ended with exit code 7`. */
  readonly endedBecause?: string;
  /** The execution whose code ended it, where that is known: the others that ran there can do nothing for it. */
  readonly endedBy?: number;
}

/** What is known of the end of a conductor. */
export interface Ending {
  readonly because: string | null;
  readonly by: number | null;
}

/** Of conductors, by id. */
export const conductorsIndex = 'conductors';

export function heartbeatKey(conductor: string): StateDocumentKey {
  return { collection: 'conductor', id: conductor };
}

export function heartbeatDocument({ conductor, at, endedBecause, endedBy }: Heartbeat): StateDocument {
  return {
    ...heartbeatKey(conductor),
    text: stringifyJson({
      id: conductor,
      heartbeat_time: formatInstant(at),
      ...(endedBecause === undefined ? {} : { ended_because: endedBecause }),
      ...(endedBy === undefined ? {} : { ended_by_execution: endedBy }),
    }),
    members: [{ index: conductorsIndex, member: conductor }],
  };
}

/** @returns when it was given, by the store's clock. @throws BatchyError `foreign-data` for text that is no heartbeat */
export function readBeat(text: string): Instant {
  return storedFields(parseStoredObject(text, what), what).instant('heartbeat_time');
}

/** @returns how its conductor has ended, where somebody saw it. @throws BatchyError `foreign-data` for text that is no heartbeat */
export function readEnding(text: string): Ending | null {
  const fields = storedFields(parseStoredObject(text, what), what);
  if (!fields.has('ended_because')) return null;
  const by = fields.has('ended_by_execution') ? fields.count('ended_by_execution') : null;
  return { because: fields.text('ended_because'), by };
}

const what = 'the sign of life of a conductor';
