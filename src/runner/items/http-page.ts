import { isUtf8 } from 'node:buffer';

import type { Dispatcher } from 'undici';

import { parseItem } from './item-json.ts';

/** An answer to a request for a page, or that there is none. */
export class HttpPageError extends Error {
  override readonly name: string = 'HttpPageError';
  /** `null` where there is no answer, or one that cannot be read. */
  readonly status: number | null;

  constructor(message: string, status: number | null, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

export interface PageRequest {
  readonly agent: Dispatcher;
  readonly signal: AbortSignal;
  /** Sent only to `origin`: elsewhere, where a link or a redirect may lead, they would be given away. */
  readonly headers: Readonly<Record<string, string>>;
  readonly origin: string;
  readonly maxBytes: number;
  readonly seconds: number;
}

export interface Page {
  readonly body: unknown;
  /** Where it came from at last, after redirects. */
  readonly url: URL;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const mostRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Gets a page of JSON.
 * @throws HttpPageError, `PrivateTargetError`, and the signal's reason
 */
export async function getPage(start: URL, options: PageRequest): Promise<Page> {
  const tooLate = AbortSignal.timeout(options.seconds * 1000);
  const signal = AbortSignal.any([options.signal, tooLate]);
  try {
    let url = start;
    for (let redirected = 0; redirected <= mostRedirects; redirected++) {
      const answer = await ask(url, signal, options);
      if (answer.location === null) return { body: parsed(url, answer.bytes), url, headers: answer.headers };
      url = targetOf(answer.location, url);
    }
    throw new HttpPageError(`${nameOf(start)} redirects more than ${mostRedirects} times.`, null);
  } catch (error) {
    options.signal.throwIfAborted();
    if (!tooLate.aborted) throw error;
    throw new HttpPageError(`${nameOf(start)} did not answer within ${options.seconds} s.`, null, error);
  }
}

/**
 * Where a link on a page leads.
 * @throws HttpPageError for what is no address of HTTP
 */
export function targetOf(link: string, page: URL): URL {
  const url = URL.parse(link, page.href);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new HttpPageError(
    `${nameOf(page)} leads to ${JSON.stringify(link.slice(0, 100))}, which is no http address.`,
    null,
  );
}

/** How messages call an address: what is behind the `?` may hold a secret. */
export function nameOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

interface Answer {
  readonly location: string | null;
  readonly bytes: Buffer;
  readonly headers: Page['headers'];
}

async function ask(url: URL, signal: AbortSignal, options: PageRequest): Promise<Answer> {
  const { request } = await import('undici');
  const { statusCode, headers, body } = await request(url, {
    dispatcher: options.agent,
    signal,
    headers: { accept: 'application/json', ...(url.origin === options.origin ? options.headers : {}) },
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > options.maxBytes) {
      body.destroy();
      throw new HttpPageError(
        `${nameOf(url)} answered with more than ${options.maxBytes} bytes. Ask for smaller pages, or raise maxPageBytes.`,
        statusCode,
      );
    }
    parts.push(part);
  }
  const bytes = Buffer.concat(parts);
  const { location } = headers;
  if (redirects.has(statusCode) && typeof location === 'string') return { location, bytes, headers };
  if (statusCode >= 200 && statusCode < 300) return { location: null, bytes, headers };
  const said = bytes.toString('utf8', 0, 300).trim();
  throw new HttpPageError(`${nameOf(url)} answered ${statusCode}${said === '' ? '' : `: ${said}`}`, statusCode);
}

function parsed(url: URL, bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new HttpPageError(`${nameOf(url)} answered with what is no UTF-8.`, null);
  try {
    return parseItem(bytes.toString('utf8'));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new HttpPageError(`${nameOf(url)} answered with what is no JSON (${said}).`, null, error);
  }
}
