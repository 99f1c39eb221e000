import { CommandFailure, exits } from './exit-codes.ts';

/** Where a server is and what opens it. */
export interface ServerAddress {
  /** Without a slash at the end: a path can be appended. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
}

export const defaultUrl = 'http://127.0.0.1:5000';

export interface AddressOptions {
  /** `--url`; else BATCHY_URL, else this machine's port 5000. The key may stand in it as password. */
  readonly url?: string | undefined;
  /** `--key`; else BATCHY_KEY. */
  readonly key?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** @throws CommandFailure usage */
export function serverAddress({ url, key, environment }: AddressOptions): ServerAddress {
  const text = url ?? nonEmpty(environment['BATCHY_URL']) ?? defaultUrl;
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new CommandFailure(
      exits.usage,
      `${text} is no address of a server; expected for example ${defaultUrl} (--url or BATCHY_URL).`,
    );
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    throw new CommandFailure(
      exits.usage,
      `${text} is more than the address of a server: leave out what follows '?' or '#'.`,
    );
  }
  const secret = key ?? nonEmpty(environment['BATCHY_KEY']) ?? nonEmpty(decodeURIComponent(parsed.password));
  if (secret !== undefined && !/^[\x21-\x7e]+$/.test(secret)) {
    throw new CommandFailure(
      exits.usage,
      'The API key (--key or BATCHY_KEY) holds a space or a character that no key has.',
    );
  }
  const path = parsed.pathname.replace(/\/+$/, '');
  return {
    base: `${parsed.protocol}//${parsed.host}${path}`,
    headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** Why a request got no answer at all, in the words of the system: `connect ECONNREFUSED 127.0.0.1:5000`. */
export function unreachableReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return unreachableReason(cause.errors[0]);
  if (cause instanceof Error) return unreachableReason(cause);
  return error.message === '' ? error.name : error.message;
}
