import type { ProblemCode } from './answers.ts';

export interface ProblemPlace {
  /** JSON pointer of what is wrong in the request. */
  readonly pointer: string;
  readonly detail: string;
}

/** A refusal, as RFC 9457 problem details have it. Its message is `detail`: what is wrong, where, and what to do next. */
export class BatchyProblem extends Error {
  override readonly name = 'BatchyProblem';
  /** HTTP status. */
  readonly status: number;
  /** The last part of `type`; `null` where the answer was no problem of ours: a proxy's page, another server. */
  readonly code: ProblemCode | (string & {}) | null;
  readonly title: string;
  readonly errors: readonly ProblemPlace[];
  /** All members of the problem, facts of the case included. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Seconds after which it may be tried again, where the server says so. */
  readonly retryAfterSeconds: number | null;

  constructor(response: Response, text: string) {
    const members = parseObject(text);
    const detail = members['detail'];
    const isOurs = typeof detail === 'string' && typeof members['type'] === 'string';
    super(isOurs ? detail : `The server answered ${response.status} ${response.statusText}${brief(response, text)}`);
    this.status = response.status;
    this.code = isOurs ? (String(members['type']).split('/').at(-1) ?? null) : null;
    this.title = isOurs ? String(members['title']) : response.statusText;
    this.errors = Array.isArray(members['errors']) ? (members['errors'] as ProblemPlace[]) : [];
    this.members = members;
    this.retryAfterSeconds = readSeconds(response.headers.get('retry-after'));
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

/** What helps to find out who answered in the service's place. */
function brief(response: Response, text: string): string {
  const location = response.headers.get('location');
  const said = location === null ? text.trim().slice(0, 200) : `it points to ${location}; use that as url`;
  return said === '' ? '' : `: ${said}`;
}

/** Seconds only; the service never answers a date, and whoever does is given our own patience. */
function readSeconds(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header.trim()) ? Number(header) : null;
}
