import { formatOrNull } from './change-text.ts';
import type { StateDocument, StateDocumentKey } from './execution-documents.ts';
import type { Passed, Pause, Rate } from './gate.ts';
import { type JsonObject, stringifyJson } from './json.ts';
import type { QueueBook, QueueSettings } from './queue-settings.ts';
import { parseStoredObject, type StoredFields, storedFields } from './stored-fields.ts';
import { formatInstant, parseInstant } from './time.ts';

/** How gates, and what is decided on queues, are stored. */

/** What is decided on all queues, in one document: whoever takes an execution makes sure, with one guard, that it is still so. */
export const queueBookKey: StateDocumentKey = { collection: 'queue-book', id: 'queues' };

export function gateKey(id: string): StateDocumentKey {
  return { collection: 'gate', id };
}

export interface StoredGate extends Passed {
  /** Under which term of the limit they passed. */
  readonly term: string;
}

export function gateDocument(id: string, { holders, takings, term }: StoredGate): StateDocument {
  return {
    ...gateKey(id),
    text: stringifyJson({ term, holders, takings: takings.map(formatInstant) }),
    members: [],
  };
}

/** @throws BatchyError `foreign-data` for text that `gateDocument` did not write */
export function readGate(text: string): StoredGate {
  const what = 'a gate';
  const fields = storedFields(parseStoredObject(text, what), what);
  return {
    term: fields.text('term'),
    holders: fields.counts('holders'),
    takings: (fields.textsOrNull('takings') ?? []).flatMap((taking) => parseInstant(taking) ?? []),
  };
}

export function queueBookDocument(book: QueueBook): StateDocument {
  const queues = [...book].map(([name, settings]) => ({ name, ...settingsFields(settings) }));
  return { ...queueBookKey, text: stringifyJson({ queues }), members: [] };
}

/** @throws BatchyError `foreign-data` for text that `queueBookDocument` did not write */
export function readQueueBook(text: string): QueueBook {
  const what = 'what is decided on queues';
  const fields = storedFields(parseStoredObject(text, what), what);
  return new Map(fields.objects('queues').map((queue) => [queue.text('name'), readSettings(queue)]));
}

function settingsFields({ limits, pause, placesSince, placesTerm }: QueueSettings): JsonObject {
  return {
    concurrency: limits.places,
    concurrency_since: formatOrNull(placesSince),
    ...(placesTerm === undefined ? {} : { concurrency_term: placesTerm }),
    rate: limits.rate === null ? null : { ...limits.rate },
    paused: pause === null ? null : { by: pause.by, since: formatInstant(pause.since), reason: pause.reason },
  };
}

function readSettings(fields: StoredFields): QueueSettings {
  const rate = fields.objectOrNull('rate');
  const pause = fields.objectOrNull('paused');
  return {
    limits: { places: fields.countOrNull('concurrency'), rate: rate === null ? null : readRate(rate) },
    pause: pause === null ? null : readPause(pause),
    placesSince: fields.instantOrNull('concurrency_since'),
    // What an older version has stored does not hold it.
    ...(fields.has('concurrency_term') ? { placesTerm: fields.count('concurrency_term') } : {}),
  };
}

function readRate(fields: StoredFields): Rate {
  return { max: fields.count('max'), seconds: fields.count('seconds') };
}

function readPause(fields: StoredFields): Pause {
  return { by: fields.text('by'), since: fields.instant('since'), reason: fields.textOrNull('reason') };
}
