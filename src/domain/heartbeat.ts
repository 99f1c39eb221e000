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
}

/** Of conductors, by id. */
const conductorsIndex = 'conductors';

export function heartbeatKey(conductor: string): StateDocumentKey {
  return { collection: 'conductor', id: conductor };
}

export function heartbeatDocument({ conductor, at, endedBecause }: Heartbeat): StateDocument {
  return {
    ...heartbeatKey(conductor),
    text: stringifyJson({
      id: conductor,
      heartbeat_time: formatInstant(at),
      ...(endedBecause === undefined ? {} : { ended_because: endedBecause }),
    }),
    members: [{ index: conductorsIndex, member: conductor }],
  };
}

/** @returns why its conductor has ended, where somebody saw it. @throws BatchyError `foreign-data` for text that is no heartbeat */
export function readEnding(text: string): string | null {
  const fields = storedFields(parseStoredObject(text, what), what);
  return fields.has('ended_because') ? fields.text('ended_because') : null;
}

const what = 'the sign of life of a conductor';
