import { markdownTable } from './marked-region.ts';

/** As much of an OpenAPI document as the table of routes shows. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly 'x-scope'?: string;
}

/** The routes of the service, from its OpenAPI document: methods, scope of the key, query parameters, what each does. */
export function listRoutes(document: OpenApiDocument): string {
  const rows = Object.entries(document.paths)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([path, operations]) => routesOf(path, operations));
  return markdownTable(['methods', 'route', 'scope', 'query', 'does'], rows);
}

/** One row for the methods that do the same. */
function routesOf(path: string, operations: Readonly<Record<string, Operation>>): string[][] {
  const bySummary = Map.groupBy(Object.entries(operations), ([, operation]) => operation.summary ?? '');
  return [...bySummary].map(([summary, same]) => {
    const [, operation = {}] = same[0] ?? [];
    const query = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'query')
      .map(({ name, required = false }) => `\`${name}\`${required ? ' (required)' : ''}`);
    return [
      same.map(([method]) => method.toUpperCase()).join(', '),
      `\`${path.replaceAll(/\{(\w+)\}/g, ':$1')}\``,
      operation['x-scope'] ?? '',
      query.join(', '),
      summary,
    ];
  });
}
