import { formatOrNull } from './change-text.ts';
import { formatInstant, type Instant, parseInstant } from './time.ts';
import { type Status, statuses } from './transitions.ts';

/** How listings and operations are written where a store keeps them as text, and in an archive that moves between stores. */

/** What lists find a workflow by. */
export interface ListingFacts {
  readonly status: Status;
  readonly updatedAt: Instant;
  readonly latestStart: Instant | null;
}

/** The effect's identity and answer, as remembered. */
export interface OperationFacts {
  readonly fingerprint: string;
  readonly answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  } | null;
}

/** Times to the microsecond, like all that is stored. */
export function listingFields(listing: ListingFacts): {
  status: Status;
  updated_at: string;
  latest_start: string | null;
} {
  return {
    status: listing.status,
    updated_at: formatInstant(listing.updatedAt),
    latest_start: formatOrNull(listing.latestStart),
  };
}

/** @throws TypeError for fields that `listingFields` did not make */
export function readListing(fields: Readonly<Record<string, string | null>>): ListingFacts {
  const status = statuses.find((known) => known === fields['status']);
  const updatedAt = readInstant(fields['updated_at']);
  if (status === undefined || updatedAt === null) throw new TypeError(`no listing: ${JSON.stringify(fields)}`);
  return { status, updatedAt, latestStart: readInstant(fields['latest_start']) };
}

function readInstant(text: string | null | undefined): Instant | null {
  return typeof text === 'string' ? parseInstant(text) : null;
}

export function encodeOperation({ fingerprint, answer }: OperationFacts): string {
  return JSON.stringify({ fingerprint, answer });
}

/** @throws SyntaxError for text that `encodeOperation` did not write */
export function decodeOperation(text: string): OperationFacts {
  return JSON.parse(text) as OperationFacts;
}
