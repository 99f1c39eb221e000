import { problemKinds } from '../../src/http/problems.ts';

/** An answer as far as its promises are concerned. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Longest problem in bytes: what was sent must not come back whole. */
const longestProblem = 20_000;

/** What is wrong with an answer, whatever was asked; empty when nothing is. */
export function brokenPromises(method: string, { status, headers, text }: Answer): string[] {
  const broken: string[] = [];
  if (status >= 500) broken.push(`answered ${status}`);
  if (headers['x-injected'] !== undefined) broken.push('a header was injected');
  if (status < 400) return broken;
  const type = String(headers['content-type']);
  if (!type.startsWith('application/problem+json')) broken.push(`${status} comes as ${type}`);
  if (headers['cache-control'] !== 'no-store') broken.push(`${status} may be cached`);
  if (method !== 'HEAD') broken.push(...brokenProblem(status, text));
  return broken;
}

function brokenProblem(status: number, text: string): string[] {
  let problem: Record<string, unknown>;
  try {
    problem = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return [`${status} with a body that is no JSON`];
  }
  const broken: string[] = [];
  const code = String(problem['type']).replace(/^\/problems\//, '');
  const kind = Object.entries(problemKinds).find(([known]) => known === code)?.[1];
  if (kind === undefined) broken.push(`its type is ${JSON.stringify(problem['type'])}`);
  else if (kind.status !== status) broken.push(`${code} with status ${status}`);
  if (problem['status'] !== status) broken.push(`its status says ${String(problem['status'])}`);
  for (const name of ['title', 'detail']) {
    if (typeof problem[name] !== 'string' || problem[name] === '') broken.push(`it has no ${name}`);
  }
  if (Buffer.byteLength(text) > longestProblem) broken.push(`it has ${Buffer.byteLength(text)} bytes`);
  return broken;
}

/** Whether a request must leave the stored state as it was, to the byte. */
export function mustNotChange(method: string, status: number): boolean {
  return method === 'HEAD' || method === 'OPTIONS' || status < 200 || status > 299;
}
