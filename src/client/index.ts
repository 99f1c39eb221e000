import type { Operations } from './operations.ts';
import { createSender, type SenderOptions } from './send.ts';
import { routes } from './routes.ts';
import { requestOf } from './request.ts';

export type * from './answers.ts';
export type * from './execution-answers.ts';
export type * from './execution-operations.ts';
export type * from './job-answers.ts';
export type * from './job-operations.ts';
export type * from './operations.ts';
export type * from './waiting-operations.ts';
export { BatchyProblem, type ProblemPlace } from './problem.ts';

export interface ClientOptions extends Partial<Pick<SenderOptions, 'fetch' | 'attempts' | 'pause' | 'newKey'>> {
  /** Where the service is, such as `http://localhost:5000`; `http://x:KEY@host` names the key, too. */
  readonly url: string;
  /** An API key. */
  readonly key?: string | undefined;
}

export interface CallOptions {
  /** Ends the call, its repetitions included: `AbortSignal.timeout(30_000)` is a deadline. */
  readonly signal?: AbortSignal | undefined;
  /** Of an operation that changes state. Without one, one is made; give your own to repeat a call after a crash of yours. */
  readonly idempotencyKey?: string | undefined;
}

type Name = keyof Operations;
type ParametersOf<Operation extends Name> = Operations[Operation]['parameters'];
/** Operations that need no parameter can be called without any. */
type Arguments<Operation extends Name> =
  object extends ParametersOf<Operation>
    ? [parameters?: ParametersOf<Operation>, options?: CallOptions]
    : [parameters: ParametersOf<Operation>, options?: CallOptions];

type ListName = {
  [Operation in Name]: Operations[Operation]['answer'] extends readonly unknown[] ? Operation : never;
}[Name];
type ItemOf<Operation extends ListName> = Operations[Operation]['answer'][number];

/** A method for each operation, by the name that it has in the service's OpenAPI document. */
export type Client = {
  readonly [Operation in Name]: (...given: Arguments<Operation>) => Promise<Operations[Operation]['answer']>;
} & {
  /** The items of a list, page by page to its end; `limit` is the size of a page. */
  each<Operation extends ListName>(
    operation: Operation,
    ...given: Arguments<Operation>
  ): AsyncGenerator<ItemOf<Operation>, void, void>;
};

/**
 * A client of the service. Its methods throw
 * - `BatchyProblem` for every answer but a 2xx; a 4xx has changed nothing;
 * - what `fetch` threw, when the service cannot be reached;
 * - the signal's reason, when that ended the call. Whether a change was made is then not known: call again with the same
 *   `idempotencyKey`.
 *
 * While the service cannot be reached or answers 503 or 429, a request is repeated, at most `attempts` times in all, not
 * before what `Retry-After` says, and under one `Idempotency-Key`, so that it has one effect however many answers are lost.
 *
 * Answers are read with `JSON.parse`: integers beyond 2^53 in your own parameters lose digits. Streams of events are not
 * part of it: any reader of server-sent events does.
 */
export function createClient({ url, key, ...options }: ClientOptions): Client {
  const service = addressOf(url, key);
  const send = createSender({ ...service, ...options });

  const call = async (name: Name, parameters: object = {}, options: CallOptions = {}): Promise<unknown> =>
    (await send(requestOf(routes[name], parameters), options)).body;

  async function* each(name: Name, parameters: object = {}, options: CallOptions = {}): AsyncGenerator {
    for (let next: object | null = parameters; next !== null;) {
      const { body, headers } = await send(requestOf(routes[name], next), options);
      yield* body as unknown[];
      const cursor = cursorOf(headers.get('link'));
      next = cursor === null ? null : { ...parameters, cursor };
    }
  }

  const methods = Object.keys(routes).map((name) => [name, call.bind(null, name as Name)]);
  return { ...(Object.fromEntries(methods) as object), each } as unknown as Client;
}

/** `fetch` refuses an address that holds a key, so it goes where keys go. */
function addressOf(url: string, key: string | undefined): Pick<SenderOptions, 'base' | 'key'> {
  const { origin, pathname, password } = new URL(url);
  return { base: `${origin}${pathname.replace(/\/+$/, '')}`, key: key ?? (decodeURIComponent(password) || undefined) };
}

function cursorOf(link: string | null): string | null {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  return target === undefined ? null : new URL(target, 'http://service').searchParams.get('cursor');
}
