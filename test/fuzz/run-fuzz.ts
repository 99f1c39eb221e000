import { performance } from 'node:perf_hooks';
import type { Readable } from 'node:stream';

import fc from 'fast-check';

import { everythingIn } from '../http/test-app.ts';
import { type Answer, brokenPromises, mustNotChange } from './broken-promises.ts';
import { type Described, type FuzzRequest, requestsOver } from './request-grammar.ts';
import { type OpenEmptyStore, startTarget, type Target } from './target.ts';
import { currentBatch, currentEtag, lastCursor } from './text-grammar.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly requests: number;
  readonly openStores: OpenEmptyStore;
  /** Requests after which a fresh service is fuzzed: its state stays small, so that all of it can be compared each time. */
  readonly round?: number;
  readonly onRound?: (done: number) => void;
}

export interface FuzzReport {
  readonly requests: number;
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>;
  /** How many requests changed something: a fuzz that is refused everywhere proves little. */
  readonly changes: number;
  readonly slowest: { readonly milliseconds: number; readonly request: string };
}

/** What a request broke, with all that is needed to see it again. */
export class BrokenPromise extends Error {
  constructor(broken: readonly string[], request: FuzzRequest, answer: Answer | null, where: string) {
    const answered = answer === null ? '' : `\n  answered ${answer.status} ${answer.text.slice(0, 600)}`;
    super(`${broken.join('; ')}\n  ${where}\n  ${describeRequest(request)}${answered}`);
  }
}

/** No answer for this long is a hang, in milliseconds: much more than any request may take on a busy machine. */
const hang = 60_000;
const defaultRound = 250;

/**
 * Sends requests of the grammar to the application and looks at each answer, and at all that is stored after it.
 * @throws BrokenPromise at the first request whose answer or effect breaks what every answer promises
 */
export async function runFuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { seed, requests, openStores, round = defaultRound } = options;
  const statuses = new Map<number, number>();
  let changes = 0;
  let slowest = { milliseconds: 0, request: '' };
  for (let done = 0; done < requests; done += round) {
    const target = await startTarget(openStores);
    try {
      const grammar = requestsOver(target.app.server.swagger() as unknown as Described);
      const drawn = fc.sample(grammar, { seed: seed + done, numRuns: Math.min(round, requests - done) });
      const known = createKnowledge();
      let before = await everythingIn(target.app.stores);
      for (const [index, template] of drawn.entries()) {
        const request = known.fillIn(template);
        if (request.seconds > 0) {
          target.clock.advance({ seconds: request.seconds });
          await target.app.services.watch.noticeSkew();
          before = await everythingIn(target.app.stores);
        }
        const started = performance.now();
        const where = `--seed ${seed}, request ${done + index + 1} (the ${index + 1}. of its round)`;
        const answer = await send(target, request, where);
        const milliseconds = performance.now() - started;
        if (milliseconds > slowest.milliseconds)
          slowest = { milliseconds, request: describeRequest(request).slice(0, 300) };
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);

        const broken = brokenPromises(request.method, answer);
        let after = await everythingIn(target.app.stores);
        if (after !== before) {
          changes += 1;
          if (mustNotChange(request.method, answer.status))
            broken.push(`the state has changed:\n${difference(before, after)}`);
        }
        if (broken.length > 0) throw new BrokenPromise(broken, request, answer, where);
        known.learn(answer);
        // A start ahead of the clock, which a file may hold, is marked by whoever looks first: not by a refused request.
        if (after !== before && (await target.app.services.watch.noticeSkew()) > 0)
          after = await everythingIn(target.app.stores);
        before = after;
      }
    } finally {
      await target.close();
    }
    options.onRound?.(Math.min(done + round, requests));
  }
  return { requests, statuses, changes, slowest };
}

async function send(target: Target, request: FuzzRequest, where: string): Promise<Answer> {
  if (request.file !== null) target.configure(request.file.name, request.file.bytes);
  const { promise: hung, reject } = Promise.withResolvers<never>();
  const deadline = AbortSignal.timeout(hang);
  const giveUp = (): void => reject(new BrokenPromise(['no answer: it hangs'], request, null, where));
  deadline.addEventListener('abort', giveUp);
  try {
    return await Promise.race([inject(target, request), hung]);
  } finally {
    deadline.removeEventListener('abort', giveUp);
  }
}

/** Event streams never end: their beginning is enough. */
async function inject({ app }: Target, { method, url, headers, body }: FuzzRequest): Promise<Answer> {
  const response = await app.server.inject({
    method: method as 'GET',
    url,
    headers: { ...headers },
    ...(body === null ? {} : { payload: body }),
    payloadAsStream: true,
  });
  const stream: Readable = response.stream();
  const chunks: Buffer[] = [];
  if (String(response.headers['content-type']).startsWith('text/event-stream')) stream.destroy();
  else for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() };
}

/** What the answers so far tell, which a client would send along. */
function createKnowledge() {
  let batch = '1795298014';
  let etag = '"unknown"';
  let cursor = 'bm90aGluZw';
  const fill = (text: string): string =>
    text.replaceAll(currentBatch, batch).replaceAll(currentEtag, etag).replaceAll(lastCursor, cursor);
  return {
    fillIn: (request: FuzzRequest): FuzzRequest => ({
      ...request,
      url: fill(request.url),
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, fill(value)])),
    }),
    learn({ status, headers, text }: Answer): void {
      if (status === 412)
        etag = /its ETag is (\S+) now/.exec((JSON.parse(text) as { detail: string }).detail)?.[1] ?? etag;
      if (typeof headers['etag'] === 'string') etag = headers['etag'];
      batch = /"batch_id":(\d+)/.exec(text)?.[1] ?? batch;
      cursor = /[?&]cursor=([^&>]+)/.exec(String(headers['link']))?.[1] ?? cursor;
    },
  };
}

export function describeRequest({ method, url, headers, body, file, seconds }: FuzzRequest): string {
  const parts = [`${method} ${url.slice(0, 500)} ${JSON.stringify(headers)}`];
  if (body !== null)
    parts.push(
      `body (base64): ${body.subarray(0, 1500).toString('base64')}\nbody: ${body.subarray(0, 500).toString()}`,
    );
  if (file !== null)
    parts.push(
      `${file.name}.yaml (base64): ${file.bytes.subarray(0, 1500).toString('base64')}\n${file.bytes.subarray(0, 800).toString()}`,
    );
  if (seconds > 0) parts.push(`after ${seconds} s`);
  return parts.join('\n  ');
}

function difference(before: string, after: string): string {
  const [old, now] = [new Set(before.split('\n')), new Set(after.split('\n'))];
  const lines = [
    ...[...old].filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...[...now].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ];
  return lines.map((line) => line.slice(0, 500)).join('\n');
}
