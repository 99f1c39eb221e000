import { allTitle, type Gate, type Limits, type Pause, type Passed } from './gate.ts';
import type { JobDefinition } from './job.ts';
import { allQueues } from './queue-name.ts';
import { formatInstant, type Instant } from './time.ts';

/** What somebody has decided on a queue, or on all of them together. */
export interface QueueSettings {
  readonly limits: Limits;
  readonly pause: Pause | null;
  /** Since when its places are limited; `null`: they are not. Who holds one is told anew whenever that begins. */
  readonly placesSince: Instant | null;
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

function ruleOfQueue(queue: string, { limits, pause, placesSince }: QueueSettings): GateRule {
  const title = queue === allQueues ? allTitle : `queue ${queue}`;
  return { id: `queue:${queue}`, title, limits, pause, term: placesSince === null ? '' : formatInstant(placesSince) };
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

/** @param now when it begins to hold, where places were not limited before */
export function limitQueue(settings: QueueSettings, limits: Limits, now: Instant): QueueSettings {
  return { ...settings, limits, placesSince: limits.places === null ? null : (settings.placesSince ?? now) };
}
