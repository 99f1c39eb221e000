import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';

import { BatchyError } from '../../domain/errors.ts';
import { skippedFields } from '../../domain/skipped-text.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import type { AskedReplay } from '../../service/replays.ts';
import { sendAnswered } from '../answer.ts';
import { callerOf } from '../caller.ts';
import { executionIdOf, launchProblems, replayAnswer, replayedAnswer } from '../execution-answer.ts';
import { endOfInterest } from '../gone.ts';
import { sendPage } from '../id-pages.ts';
import { maskSecrets } from '../masking.ts';
import { executionParams } from '../schemas/executions.ts';
import * as schemas from '../schemas/skipped-items.ts';
import { changeProblems, IdempotencyHeaders, problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer, ServerOptions } from '../server.ts';

const ExecutionParams = executionParams(1);
type Params = Static<typeof ExecutionParams>;

/** What chunk steps left out: to be looked at, and to be run once more. */
export function addSkippedItemRoutes(
  server: BatchyServer,
  { services: { executions }, settings, stopping }: ServerOptions,
): void {
  const found = ['invalid-id', 'unknown-execution'] as const;

  server.get(
    '/executions/:id/skipped',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'The items that chunk steps of an execution left out, why, and what has become of them',
        params: ExecutionParams,
        querystring: schemas.SkippedQuery,
        response: { 200: schemas.SkippedAnswer, ...problemResponses(...found) },
      },
    },
    async (request, reply) => {
      const { id } = request.params as Params;
      const { limit, cursor, missing = false } = request.query as Static<typeof schemas.SkippedQuery>;
      return sendPage(request, reply, {
        limit,
        cursor,
        read: (after, most) => executions.skipped(id, { after, limit: most, missing }),
        placeOf: ({ member }) => member,
        isPlace: isMember,
        fields: ({ item }) => maskSecrets(new Map(Object.entries(skippedFields(item)))),
      });
    },
  );

  server.post(
    '/executions/:id/skipped/replay',
    {
      config: { scope: 'operate', effects: true, longLived: asksToWait },
      schema: {
        tags: ['executions'],
        summary: 'Run the processor and the writer of a chunk step once more over the items that it left out',
        headers: IdempotencyHeaders,
        params: ExecutionParams,
        querystring: schemas.replayQuery(settings.MAX_WAIT_SECONDS),
        response: {
          202: schemas.ReplayAnswer,
          ...problemResponses(
            ...found,
            'invalid-body',
            'unknown-job-definition',
            'not-replayable',
            ...launchProblems,
            ...changeProblems,
          ),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params as Params;
      const { wait = 0 } = request.query as schemas.ReplayQuery;
      const asked = readReplay(request.body as Json | undefined);
      const caller = callerOf(request, `replay skipped items of execution ${id}`);
      const answered = await executions.replay(id, asked, caller, replayAnswer);
      if (wait === 0) return sendAnswered(reply, answered);
      const replaying = executionIdOf(answered.answer);
      const execution = await executions.waitForEnd(replaying, wait, endOfInterest(reply, stopping));
      return sendAnswered(reply, { ...answered, answer: replayedAnswer(execution, answered.answer) });
    },
  );
}

/** Of an index of skipped items. */
function isMember(value: unknown): value is string {
  return typeof value === 'string' && /^\d{16}:\d{16}$/.test(value);
}

function asksToWait(request: FastifyRequest): boolean {
  return Number((request.query as Record<string, unknown>)['wait'] ?? 0) > 0;
}

const known: ReadonlySet<string> = new Set(['step', 'parameters']);

/** What the body asks for. @throws BatchyError `invalid-body` */
function readReplay(body: Json | undefined): AskedReplay {
  if (body === undefined) return { stepName: null, parameters: undefined };
  const refused = (pointer: string, detail: string): BatchyError =>
    new BatchyError('invalid-body', `The body of a replay: ${detail}. Nothing was launched.`, {
      places: [{ pointer, detail }],
    });
  if (!isJsonObject(body)) throw refused('', 'expected nothing, or an object with step or parameters');
  const other = Object.keys(body).find((key) => !known.has(key));
  if (other !== undefined) throw refused(`/${other}`, 'only step and parameters are known');
  const { step, parameters } = body;
  if (step === undefined) return { stepName: null, parameters };
  if (typeof step !== 'string' || step === '') throw refused('/step', 'expected the name of a step');
  return { stepName: step, parameters };
}
