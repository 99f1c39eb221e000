import { HttpPageError, nameOf, type Page, targetOf } from './http-page.ts';

/**
 * How the next page is found: by the `Link` header with `rel="next"` (RFC 8288), by a field of the body that holds its
 * address (`{ field: 'paging.next' }`), or by a function that gives the address. No link, no field, `null` or an empty text:
 * it was the last page.
 */
export type NextPage = 'link' | { readonly field: string } | ((body: unknown, page: Page) => string | null | undefined);

/** @throws HttpPageError for what is no address, or the page's own */
export function nextPageOf(page: Page, next: NextPage): URL | null {
  const link = linkOf(page, next);
  if (link === null || link === undefined || link === '') return null;
  if (typeof link !== 'string') {
    throw new HttpPageError(`The next page of ${nameOf(page.url)} is no text but ${JSON.stringify(link)}.`, null);
  }
  const url = targetOf(link, page.url);
  if (url.href !== page.url.href) return url;
  throw new HttpPageError(`${nameOf(page.url)} names itself as its next page: it would be read for ever.`, null);
}

function linkOf(page: Page, next: NextPage): unknown {
  if (typeof next === 'function') return next(page.body, page);
  return next === 'link' ? linkTo('next', page.headers['link']) : fieldOf(page.body, next.field);
}

/** `undefined` where there is none. */
export function fieldOf(body: unknown, path: string): unknown {
  let value = body;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A link and its parameters, whose values are quoted texts or words. */
const links = /<([^>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)/g;
const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))/i;

function linkTo(wanted: string, header: string | string[] | undefined): string | null {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '');
  for (const [, target = '', parameters = ''] of text.matchAll(links)) {
    const [, quoted, word] = relation.exec(parameters) ?? [];
    // One link may stand in several relations.
    if ((quoted ?? word ?? '').toLowerCase().split(/\s+/).includes(wanted)) return target;
  }
  return null;
}
