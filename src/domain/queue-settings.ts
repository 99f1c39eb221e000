import { allTitle, type Gate, type Limits, type Pause, type Passed } from './gate.ts';
import type { JobDefinition } from './job.ts';
import { allQueues } from './queue-name.ts';
import { formatInstant, type Instant } from './time.ts';

/** What somebody has decided on a queue, or on all of them together. */
export interface QueueSettings {
  readonly limits: Limits;
  readonly pause: Pause | null;
  /** Since when its places are limited; `null`: they are not. */
  readonly placesSince: Instant | null;
  /**
   * The revision of the book that began to limit them: who holds a place is counted anew with each such beginning, and two of them may
   * show the same time. Absent: they are not limited, or an older version did so, which told beginnings apart by their time.
   */
  readonly placesTerm?: number;
}

/** By name; `all` for all queues together. Those of which nothing is decided are not among them. */
export type QueueBook = ReadonlyMap<string, QueueSettings>;

export const usualSettings: QueueSettings = { limits: { places: null, rate: null }, pause: null, placesSince: null };

/** A gate that concerns an execution, without who has passed. */
export interface GateRule extends Omit<Gate, 'passed'> {
  /** Of its document: `job:orders`, `queue:etl`. */
  readonly id: string;
  /** Who passed under another term is counted anew. */
  readonly term: string;
}

/** The gates that an execution has to pass to be run; mostly none. @param queue of the execution */
export function rulesFor(
  { name, maxRunning }: Pick<JobDefinition, 'name' | 'maxRunning'>,
  queue: string,
  book: QueueBook,
): GateRule[] {
  const rules: GateRule[] = [];
  if (maxRunning !== undefined)
    rules.push({
      id: `job:${name}`,
      title: `job ${name}`,
      limits: { places: maxRunning, rate: null },
      pause: null,
      term: '',
    });
  for (const each of [queue, allQueues]) {
    const settings = book.get(each);
    if (settings !== undefined) rules.push(ruleOfQueue(each, settings));
  }
  return rules;
}

function ruleOfQueue(queue: string, settings: QueueSettings): GateRule {
  const { limits, pause } = settings;
  const title = queue === allQueues ? allTitle : `queue ${queue}`;
  return { id: `queue:${queue}`, title, limits, pause, term: termOf(settings) };
}

function termOf({ placesSince, placesTerm }: QueueSettings): string {
  if (placesTerm !== undefined) return String(placesTerm);
  return placesSince === null ? '' : formatInstant(placesSince);
}

export function gateOf({ title, limits, pause }: GateRule, passed: Passed): Gate {
  return { title, limits, pause, passed };
}

/** A book with other settings of a queue; what is as usual is left out of it. */
export function withSettings(book: QueueBook, queue: string, settings: QueueSettings): QueueBook {
  const next = new Map(book);
  const { limits, pause } = settings;
  if (limits.places === null && limits.rate === null && pause === null) next.delete(queue);
  else next.set(queue, settings);
  return next;
}

/**
 * @param now when it begins to hold, where places were not limited before
 * @param revision that the book has with it
 */
export function limitQueue(settings: QueueSettings, limits: Limits, now: Instant, revision: number): QueueSettings {
  const { pause, placesSince } = settings;
  if (limits.places === null) return { limits, pause, placesSince: null };
  return placesSince === null ? { limits, pause, placesSince: now, placesTerm: revision } : { ...settings, limits };
}
