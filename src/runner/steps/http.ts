import { request } from 'undici';

import { isExactNumber, isJsonObject, type Json, stringifyJson } from '../../domain/json.ts';
import { quoteBriefly } from '../../domain/names.ts';
import { renderTemplate, templateValues } from '../../domain/template.ts';
import { PlainFailure } from '../error-text.ts';
import { createGuardedAgent } from '../network-guard.ts';
import type { HttpBody } from '../step-body.ts';
import type { StepRun } from './step-run.ts';

/** Of the answer, so many bytes go to the log; the rest is read and dropped. */
const loggedBytes = 16 * 1024;

/**
 * Sends one request; a status of 200 to 299 completes the step. A redirect is not followed: it would go where nobody said.
 * @throws Error for any other status, PrivateTargetError
 */
export async function runHttp(body: HttpBody, { ctx, log }: StepRun): Promise<void> {
  const valueOf = templateValues(ctx);
  const url = renderUrl(body.url, valueOf);
  const content = body.body === null ? null : renderBody(body.body, valueOf);
  const headers = Object.fromEntries(
    Object.entries(body.headers).map(([name, value]) => [name.toLowerCase(), renderTemplate(value, valueOf)]),
  );
  if (content !== null && typeof body.body !== 'string') headers['content-type'] ??= 'application/json';
  const agent = createGuardedAgent({ allowPrivate: body.allowPrivate });
  try {
    log.write('info', `${body.method} ${url.origin}${url.pathname}`);
    const answer = await request(url, {
      method: body.method as 'GET',
      headers,
      body: content,
      signal: ctx.signal,
      dispatcher: agent,
      // The step's own timeout says how long.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const start: Buffer[] = [];
    let length = 0;
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      if (length < loggedBytes) start.push(part);
      length += part.length;
    }
    log.write('info', `answered ${answer.statusCode}, ${length} bytes`);
    const text = Buffer.concat(start).subarray(0, loggedBytes).toString('utf8');
    if (text !== '') log.write('out', text);
    if (answer.statusCode < 200 || answer.statusCode > 299)
      throw new PlainFailure(
        `${body.method} ${url.origin}${url.pathname} answered ${answer.statusCode}: ${text.slice(0, 300)}`,
      );
  } finally {
    // Not `close`, which would wait for whoever does not answer.
    await agent.destroy();
  }
}

/** Within a URL a value is encoded, so that it stays the one part that it stands for; a whole URL may be a value, too. */
function renderUrl(template: string, valueOf: (name: string) => unknown): URL {
  const whole = /^\{\{[^{}]+\}\}$/.test(template.trim());
  const text = renderTemplate(template, (name) => {
    const value = valueOf(name);
    if (whole || value === undefined) return value;
    return encodeURIComponent(typeof value === 'string' ? value : renderTemplate('{{value}}', () => value));
  });
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new Error(`${quoteBriefly(text)} is no http or https URL.`);
  return url;
}

function renderBody(body: Json, valueOf: (name: string) => unknown): string {
  return typeof body === 'string' ? renderTemplate(body, valueOf) : stringifyJson(renderJson(body, valueOf));
}

/** Texts within it are templates; one that is nothing but `{{name}}` becomes text, too. */
function renderJson(value: Json, valueOf: (name: string) => unknown): Json {
  if (typeof value === 'string') return renderTemplate(value, valueOf);
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return value;
  if (isJsonObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renderJson(item, valueOf)]));
  return value.map((item) => renderJson(item, valueOf));
}
