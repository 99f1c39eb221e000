import type { OperationRoute } from './routes.ts';

/** What is sent, apart from who sends it and how often. */
export interface ClientRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly effects: boolean;
}

/** Puts each parameter where the operation has it; what is `undefined` is left out. @throws TypeError without one of the path's */
export function requestOf(route: OperationRoute, parameters: object): ClientRequest {
  const given = new Map(Object.entries(parameters).filter(([, value]) => value !== undefined));
  const take = (name: string): unknown => {
    const value: unknown = given.get(name);
    given.delete(name);
    return value;
  };
  const headers: Record<string, string> = {};
  for (const name of route.headers ?? [])
    if (given.has(name)) headers[name.replaceAll('_', '-')] = textOf(name, take(name));
  const body = take('body');
  const target = route.url.replaceAll(/\{(\??)([^}]+)\}/g, (_whole, isQuery: string, names: string) =>
    isQuery === '' ? pathSegment(names, take(names)) : queryText(names.split(','), take),
  );
  const [unknown] = given.keys();
  if (unknown !== undefined) throw new TypeError(`${route.method} ${route.url} has no parameter ${unknown}`);
  return {
    method: route.method,
    target,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    effects: route.effects === true,
  };
}

/** An empty segment, `.` or `..` would be another URL altogether. */
function pathSegment(name: string, value: unknown): string {
  const text = textOf(name, value);
  if (text === '' || text === '.' || text === '..')
    throw new TypeError(`${name} is ${JSON.stringify(text)}, which cannot be part of a path`);
  return encodeURIComponent(text);
}

function queryText(names: readonly string[], take: (name: string) => unknown): string {
  const query = new URLSearchParams();
  for (const name of names) {
    const value = take(name);
    if (value !== undefined) query.set(name, textOf(name, value));
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TypeError(`${name} is ${JSON.stringify(value)}; it must be text, a number or a boolean`);
}
