import type { StateDocument, StateDocumentKey } from './execution-documents.ts';
import { stringifyJson } from './json.ts';
import { formatInstant, type Instant } from './time.ts';

/**
 * A conductor's sign of life: a document whose revision grows as long as it lives. Whoever wants to know watches whether it
 * grows, by a clock of its own; the time in it is for people.
 */
export interface Heartbeat {
  readonly conductor: string;
  readonly at: Instant;
}

/** Of conductors, by id. */
const conductorsIndex = 'conductors';

export function heartbeatKey(conductor: string): StateDocumentKey {
  return { collection: 'conductor', id: conductor };
}

export function heartbeatDocument({ conductor, at }: Heartbeat): StateDocument {
  return {
    ...heartbeatKey(conductor),
    text: stringifyJson({ id: conductor, heartbeat_time: formatInstant(at) }),
    members: [{ index: conductorsIndex, member: conductor }],
  };
}
