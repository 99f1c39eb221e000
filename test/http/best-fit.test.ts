import type { FastifySchemaCompiler } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { expect, it } from 'vitest';

import type { BatchyError } from '../../src/domain/errors.ts';
import { BackfillBody } from '../../src/http/schemas/batches.ts';
import { ExecutionsQuery } from '../../src/http/schemas/executions.ts';
import { QueueBody } from '../../src/http/schemas/queues.ts';
import { ScheduleBody } from '../../src/http/schemas/schedules.ts';
import { validatorCompiler } from '../../src/http/validation.ts';

type Route = Parameters<FastifySchemaCompiler<TSchema>>[0];

/** What is told of a part of a request, place by place. */
function told(schema: TSchema, value: unknown, httpPart = 'body'): string[] {
  const check = validatorCompiler({ schema, httpPart } as unknown as Route) as (value: unknown) => {
    error?: BatchyError;
  };
  return (check(value).error?.places ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`);
}

const strict = { additionalProperties: false } as const;
const limits = Type.Object({ max: Type.Integer({ minimum: 1 }), seconds: Type.Integer() }, strict);
const file = Type.Object({ kind: Type.Literal('file'), path: Type.String() }, strict);
const table = Type.Object(
  {
    kind: Type.Literal('table'),
    name: Type.String(),
    limits: Type.Optional(Type.Union([limits, Type.Null()])),
    tries: Type.Optional(Type.Integer()),
  },
  strict,
);
const target = Type.Object({ target: Type.Union([file, table, Type.Null()]) });
const targets = Type.Object({ targets: Type.Array(Type.Union([file, table])) });

it.each<[TSchema, unknown, string[]]>([
  [target, { target: { kind: 'table', name: 1 } }, ['/target/name must be string']],
  [
    target,
    { target: { kind: 'table', tries: 'x', name: 1 } },
    ['/target/tries must be integer', '/target/name must be string'],
  ],
  [target, { target: { kind: 'disk' } }, ['/target/kind must be one of "file", "table"']],
  [target, { target: 3 }, ['/target must be object or null']],
  [target, { target: { kind: 'file', path: 'a', name: 'b' } }, ['/target/name is not known']],
  [
    target,
    { target: { kind: 'table', name: 'a', limits: { max: 0, more: 1 } } },
    [
      '/target/limits must have required properties seconds',
      '/target/limits/more is not known',
      '/target/limits/max must be >= 1',
    ],
  ],
  [
    targets,
    { targets: [{ kind: 'file', path: 3 }, { kind: 'table', name: 'a' }, { kind: 'table' }, 7] },
    ['/targets/0/path must be string', '/targets/2 must have required properties name', '/targets/3 must be object'],
  ],
  [QueueBody, { rate: { max: 0, seconds: 1 } }, ['/rate/max must be >= 1']],
  [QueueBody, { rate: 5, concurrency: 'x' }, ['/concurrency must be integer or null', '/rate must be object or null']],
  [BackfillBody, { from: 'a', to: 'b', job: [] }, ['/job must not have fewer than 1 items']],
  [BackfillBody, { from: 'a', to: 'b', job: 7 }, ['/job must be string or array']],
  [
    ScheduleBody,
    { job: 'A', cron: '', priority: 7 },
    ['/priority must be one of "very_high", "high", "normal", "low", "very_low"'],
  ],
])('of several ways to write it, what is wrong with the one that was meant is told: %#', (schema, value, expected) => {
  expect(told(schema, value).toSorted()).toEqual(expected.toSorted());
});

it('tells all words that there are, and of very much that is wrong only some', () => {
  expect(told(ExecutionsQuery, { status: 'NOPE' }, 'querystring')).toEqual([expect.stringContaining('"UNKNOWN"')]);
  const names = Array.from({ length: 1000 }, () => 7);
  expect(told(Type.Object({ names: Type.Array(Type.String()) }), { names })).toHaveLength(8);
});
