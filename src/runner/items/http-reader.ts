import type { Agent } from 'undici';

import { isJsonObject, type Json } from '../../domain/json.ts';
import type { ReaderFactory } from './factory.ts';
import { type FromContext, textFromContext, valueFromContext } from './from-context.ts';
import { getPage, HttpPageError, nameOf, type Page, type PageRequest } from './http-page.ts';
import { ItemError, type ItemReader } from './item.ts';
import { fieldOf, type NextPage, nextPageOf } from './next-page.ts';

export interface HttpReaderOptions {
  /** Of the first page. No user name or password in it: those are headers. */
  readonly url: FromContext<Json>;
  /** Where the items are in a page: a path of names (`data.orders`), or a function. Default: the page is the array of items. */
  readonly items?: string | ((body: unknown) => unknown);
  /** Default: `link`. */
  readonly next?: NextPage;
  /** Sent to the origin of `url` only, whatever a page or a redirect leads to. */
  readonly headers?: FromContext<Readonly<Record<string, string>>>;
  /** Private and link-local targets are refused unless this is said. */
  readonly allowPrivate?: boolean;
  /** Default: 16 MiB. */
  readonly maxPageBytes?: number;
  /** For each page, with its redirects; default: 60. */
  readonly timeoutSeconds?: number;
}

/**
 * Reads the items of pages of JSON, one page after the other. Only one page is in memory. Integers beyond 2^53 are bigints.
 *
 * A page that cannot be had is an `HttpPageError` (with its `status`), and the next call asks for it again, so that the retry
 * of the step decides; a `PrivateTargetError` for a private address stays one. An item that is `null` is an `ItemError`.
 *
 * Its checkpoint is the address of a page and how many of its items were read: a restart asks for that page once more and
 * drops them. So it is exact for pages that stay as they are; where new items move the old ones on to later pages, ask for
 * pages by a cursor or in the order of their making.
 */
export function httpReader(options: HttpReaderOptions): ReaderFactory<unknown> {
  return async (ctx) => {
    const url = startOf(await textFromContext(options.url, ctx, 'The url of httpReader'));
    const headers = (await valueFromContext(options.headers ?? {}, ctx)) ?? {};
    return new HttpReader(url, options, { headers, signal: ctx.signal });
  };
}

class HttpReader implements ItemReader<unknown> {
  readonly #start: URL;
  readonly #options: HttpReaderOptions;
  readonly #sent: Pick<PageRequest, 'headers' | 'signal'>;
  #agent: Agent | null = null;
  /** The address that the items come from, or have to come from. */
  #url: URL;
  #items: readonly unknown[] | null = null;
  #next: URL | null = null;
  #index = 0;

  constructor(start: URL, options: HttpReaderOptions, sent: Pick<PageRequest, 'headers' | 'signal'>) {
    this.#start = this.#url = start;
    this.#options = options;
    this.#sent = sent;
  }

  async open(checkpoint: Json): Promise<void> {
    if (checkpoint !== null) [this.#url, this.#index] = placeOf(checkpoint);
    const { createGuardedAgent } = await import('../network-guard.ts');
    this.#agent = createGuardedAgent({ allowPrivate: this.#options.allowPrivate ?? false });
  }

  async read(): Promise<unknown> {
    for (;;) {
      const items = this.#items ?? (await this.#get());
      if (this.#index < items.length) {
        const item = items[this.#index++];
        if (item !== null && item !== undefined) return item;
        const position = `item ${this.#index} of ${nameOf(this.#url)}`;
        throw new ItemError(`${position} is null, which is no item.`, { position });
      }
      if (this.#next === null) return null;
      this.#url = this.#next;
      this.#index = 0;
      this.#items = null;
    }
  }

  checkpoint(): Json {
    return { url: this.#url.href, index: this.#index };
  }

  async close(): Promise<void> {
    // Not `close`, which would wait for whoever does not answer.
    await this.#agent?.destroy();
    this.#agent = null;
  }

  async #get(): Promise<readonly unknown[]> {
    if (this.#agent === null) throw new Error('The reader is not open.');
    const page = await getPage(this.#url, {
      ...this.#sent,
      agent: this.#agent,
      origin: this.#start.origin,
      maxBytes: this.#options.maxPageBytes ?? 16 * 2 ** 20,
      seconds: this.#options.timeoutSeconds ?? 60,
    });
    const items = this.#itemsOf(page);
    if (items.length < this.#index) {
      throw new HttpPageError(
        `${nameOf(page.url)} has ${items.length} items now, but ${this.#index} of it were read before. Launch with force to read from the beginning.`,
        null,
      );
    }
    this.#next = nextPageOf(page, this.#options.next ?? 'link');
    this.#items = items;
    return items;
  }

  #itemsOf({ body, url }: Page): readonly unknown[] {
    const { items } = this.#options;
    const found = typeof items === 'function' ? items(body) : items === undefined ? body : fieldOf(body, items);
    if (Array.isArray(found)) return found;
    const where = typeof items === 'string' ? `there is no array at ${items}` : 'its items are no array';
    throw new HttpPageError(`${nameOf(url)} answered, but ${where}. Say with items where they are.`, null);
  }
}

function startOf(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Error(`The url of httpReader must be an http address, but it is ${JSON.stringify(text.slice(0, 100))}.`);
  }
  if (url.username === '' && url.password === '') return url;
  throw new Error('The url of httpReader holds a user name or password. Send them as a header.');
}

function placeOf(checkpoint: Json): [url: URL, index: number] {
  if (isJsonObject(checkpoint)) {
    const { url, index } = checkpoint;
    if (typeof url === 'string' && typeof index === 'number') return [new URL(url), index];
  }
  throw new Error('The checkpoint was made by another kind of reader. Launch with force to read from the beginning.');
}
