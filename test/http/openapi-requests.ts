import type { Method, TestApp } from './test-app.ts';

/** As much of the document as the tests read. */
export interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly components: object;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
}

export interface OperationObject {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly unknown[];
  readonly 'x-scope': 'public' | 'read' | 'operate' | 'admin';
  readonly 'x-effects'?: boolean;
  readonly parameters?: readonly ParameterObject[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaObject>> };
  readonly responses: Readonly<Record<string, ResponseObject>>;
}

interface ParameterObject {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required: boolean;
  readonly example?: string | number | boolean;
}

export interface ResponseObject {
  readonly description: string;
  readonly content?: Readonly<Record<string, MediaObject>>;
}

export interface MediaObject {
  readonly schema: unknown;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface Operation {
  /** `GET /workflows/{wf}` */
  readonly title: string;
  readonly method: Method;
  readonly path: string;
  readonly object: OperationObject;
}

export interface ExampleRequest {
  readonly method: Method;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Configurations that the document's examples speak of. */
export const exampleConfiguration = {
  orders: 'customers:\n  source: crm\n  from_date: 2026-11-20\norders:\n  source: shop\n  from_date: 2026-11-20\n',
};

/** The state that the document's examples speak of: a workflow with one closed batch. */
export async function prepareExamples(app: TestApp, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const route of ['load_cfg', 'open_batch', 'close_batch']) {
    const { status, text } = await app.call('POST', `/${route}/orders`, { headers });
    if (status !== 200) throw new Error(`${route}: ${status} ${text}`);
  }
}

export async function fetchDocument(app: TestApp, headers: Readonly<Record<string, string>> = {}): Promise<Document> {
  return (await app.call('GET', '/openapi.json', { headers })).json as Document;
}

export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, object]) => {
      const name = method.toUpperCase() as Method;
      return { title: `${name} ${path}`, method: name, path, object };
    }),
  );
}

/** The request that an operation's examples describe: every parameter that has one. */
export function exampleRequest({ method, path, object }: Operation): ExampleRequest {
  const parameters = object.parameters ?? [];
  const examplesOf = (place: ParameterObject['in']): [string, string][] =>
    parameters.flatMap((parameter): [string, string][] => {
      if (parameter.in !== place) return [];
      if (parameter.example === undefined && parameter.required)
        throw new Error(`${method} ${path}: ${parameter.name} is required and has no example`);
      return parameter.example === undefined ? [] : [[parameter.name, String(parameter.example)]];
    });
  const values = new Map(examplesOf('path'));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(values.get(name) ?? ''));
  const query = new URLSearchParams(examplesOf('query')).toString();
  const body = object.requestBody?.content['application/json']?.example;
  return {
    method,
    url: query === '' ? filled : `${filled}?${query}`,
    headers: Object.fromEntries(examplesOf('header')),
    ...(body === undefined ? {} : { body }),
  };
}

export function isStream({ object }: Operation): boolean {
  return object.responses['200']?.content?.['text/event-stream'] !== undefined;
}

/**
 * Sends a request and takes only what a stream that never ends sends first.
 * @param chunks how many pieces to take; then the client goes away
 */
export async function callStream(
  app: Pick<TestApp, 'server'>,
  { url, headers }: Pick<ExampleRequest, 'url' | 'headers'>,
  chunks: number,
): Promise<{ status: number; type: string; text: string }> {
  const response = await app.server.inject({ method: 'GET', url, headers, payloadAsStream: true });
  const stream = response.stream();
  let text = '';
  let taken = 0;
  for await (const chunk of stream) {
    text += String(chunk);
    taken += 1;
    if (taken === chunks) break;
  }
  return { status: response.statusCode, type: String(response.headers['content-type']), text };
}
