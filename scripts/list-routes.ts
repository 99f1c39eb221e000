import { markdownTable } from './marked-region.ts';

/** As much of an OpenAPI document as the table of routes shows. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly 'x-scope'?: string;
}

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** The routes of the service, from its OpenAPI document: methods, query parameters, and what each does. */
export function listRoutes(document: OpenApiDocument): string {
  const rows = Object.entries(document.paths).map(([path, operations]) => {
    const offered = methods.filter((method) => operations[method] !== undefined);
    const operation = operations[offered[0] ?? 'get'] ?? {};
    const query = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'query')
      .map(({ name, required = false }) => `\`${name}\`${required ? ' (required)' : ''}`);
    return {
      path,
      cells: [
        offered.map((method) => method.toUpperCase()).join(', '),
        `\`${path.replaceAll(/\{(\w+)\}/g, ':$1')}\``,
        scopeOf(operation),
        query.join(', '),
        operation.summary ?? '',
      ],
    };
  });
  return markdownTable(
    ['methods', 'route', 'scope', 'query', 'does'],
    rows.map(({ cells }) => cells),
  );
}

function scopeOf(operation: Operation): string {
  return operation['x-scope'] ?? '';
}
