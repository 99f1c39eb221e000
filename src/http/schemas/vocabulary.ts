import { type TSchema, Type } from 'typebox';

import type { ErrorCode as Code } from '../../domain/errors.ts';
import { problemAdvice } from '../problem-advice.ts';
import { problemKinds } from '../problems.ts';

export const WorkflowParams = Type.Object({
  wf: Type.String({ description: 'Name of the workflow', examples: ['orders'] }),
});

/** For routes that take none: what somebody believes to say must not be passed over. */
export const NoQuery = Type.Object({}, { additionalProperties: false });

export const JobQuery = Type.Optional(
  Type.String({
    minLength: 1,
    description: 'Names of jobs, separated by commas; all jobs when absent',
    examples: ['customers,orders'],
  }),
);
export const BatchIdQuery = Type.Optional(
  Type.Integer({ minimum: 0, description: 'The fence: the batch_id that your open returned', examples: [1795298014] }),
);
export const ForceQuery = Type.Optional(Type.Boolean({ description: 'An operator’s override' }));
export const ReasonQuery = Type.Optional(
  Type.String({ minLength: 1, maxLength: 1000, description: 'Why: kept in record and journal' }),
);
export const LimitQuery = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 500, description: 'Most items in a page (default 50)' }),
);
export const CursorQuery = Type.Optional(
  Type.String({ minLength: 1, maxLength: 1000, description: 'Where the page before ended: from its Link header' }),
);

export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description: 'A repeat within 24 hours with the same key gets the first answer and has no second effect',
      examples: ['018f3c1e-7b1a-7e4e-9a53-1c2d3e4f5a6b'],
    }),
  ),
});

/** A job's parameters: the special ones as documented, all others the user's own. */
export const JobMap = Type.Record(Type.String(), Type.Unknown(), {
  description: 'Parameters of a job, special ones and your own',
});

export const statusExample = {
  customers: {
    source: 'crm',
    status: 'open',
    from_date: '2026-11-20T21:53:34.230000',
    batch_start: '2026-11-21T21:53:34.230000',
    batch_end: null,
    batch_id: 1795298014,
  },
};
export const JobMaps = Type.Record(Type.String(), JobMap, {
  description: 'Job → parameters, in the order of the configuration',
  examples: [statusExample],
});

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ format: 'uri-reference' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    errors: Type.Optional(Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() }))),
  },
  {
    $id: 'Problem',
    description:
      'RFC 9457 problem details. `detail` says what is wrong and what to do next; further members are facts of the case.',
  },
);

/** What every route may answer, whatever it does. */
const everywhere: readonly Code[] = [
  'invalid-request',
  'unauthenticated',
  'forbidden',
  'rate-limited',
  'overloaded',
  'store-unavailable',
  'internal',
];

/** What every route that changes state may answer. */
export const changeProblems = [
  'idempotency-mismatch',
  'contention',
  'store-full',
  'prefetch-refused',
  'cross-site-refused',
] as const;

/** Problem responses of a route, by status, with the codes that each may mean and an example. */
export function problemResponses(...codes: readonly Code[]): Record<string, TSchema> {
  const byStatus = Map.groupBy(new Set([...everywhere, ...codes]), (code) => problemKinds[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      {
        description: group.map((code) => `\`${code}\`: ${problemKinds[code].title}`).join('; '),
        content: {
          'application/problem+json': {
            schema: Type.Ref('Problem'),
            examples: Object.fromEntries(
              group.map((code) => [
                code,
                {
                  value: {
                    type: `/problems/${code}`,
                    title: problemKinds[code].title,
                    status,
                    detail: exampleDetail(code),
                  },
                },
              ]),
            ),
          },
        },
      },
    ]),
  );
}

/** The advice, as a stand-in for what `detail` says of the case. */
function exampleDetail(code: Code): string {
  return problemAdvice[code].replaceAll(/`|\*\*/g, '');
}
