import type { FastifyReply, FastifyRequest } from 'fastify';

import { decodeCursor, foreignCursor, linkNext } from './cursor.ts';
import { type Chunk, linesAtOnce, sendLines, wantsLines } from './line-stream.ts';

export interface PagedList<Item, Place extends number | string> {
  /** Of the request's query. */
  readonly limit: number | undefined;
  readonly cursor: string | undefined;
  /** Items beyond a place (`null`: from the beginning), at most `limit`. */
  readonly read: (beyond: Place | null, limit: number) => Promise<readonly Item[]>;
  /** The place of an item: how `read` goes on behind it. */
  readonly placeOf: (item: Item, index: number, beyond: Place | null) => Place;
  /** Whether a cursor says a place of this list, rather than of another. */
  readonly isPlace: (value: unknown) => value is Place;
  readonly fields: (item: Item) => unknown;
}

const defaultLimit = 50;

/**
 * Answers one page of a list as an array, its successor in the `Link` header; or, where the client asks for lines, all of it.
 * @throws BatchyError `invalid-request` for a cursor that is not of such a list
 */
export async function sendPage<Item, Place extends number | string>(
  request: FastifyRequest,
  reply: FastifyReply,
  { limit = defaultLimit, cursor, read, placeOf, isPlace, fields }: PagedList<Item, Place>,
): Promise<FastifyReply> {
  const pageBeyond = async (
    beyond: Place | null,
    most: number,
  ): Promise<{ items: readonly Item[]; next: Place | null }> => {
    // One more than is shown, to know whether there is a next page.
    const found = await read(beyond, most + 1);
    const items = found.slice(0, most);
    const last = items.at(-1);
    const next = found.length > most && last !== undefined ? placeOf(last, items.length - 1, beyond) : null;
    return { items, next };
  };
  const chunk = async (beyond: Place | null): Promise<Chunk> => {
    const { items, next } = await pageBeyond(beyond, linesAtOnce);
    return { items: items.map(fields), next: next === null ? null : () => chunk(next) };
  };
  const beyond = cursor === undefined ? null : readPlace(cursor, isPlace);
  if (wantsLines(request)) return sendLines(reply, await chunk(beyond));
  const { items, next } = await pageBeyond(beyond, limit);
  if (next !== null) linkNext(request, reply, { beyond: next });
  return reply.send(items.map(fields));
}

function readPlace<Place>(text: string, isPlace: (value: unknown) => value is Place): Place {
  const { beyond } = decodeCursor(text);
  if (!isPlace(beyond)) throw foreignCursor();
  return beyond;
}

/** The place in a list of what is numbered: an id, or a count. */
export function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
