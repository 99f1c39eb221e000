import type { Static } from 'typebox';

import { BatchyError } from '../../domain/errors.ts';
import { quoteBriefly } from '../../domain/names.ts';
import { isTimeZone, parseInstant } from '../../domain/time.ts';
import { parseNewDay } from '../../service/waits.ts';
import { endOfInterest } from '../gone.ts';
import { problemResponses, WorkflowParams } from '../schemas/vocabulary.ts';
import { defaultWaitSeconds, WaitAnswer, type WaitQuery, waitQuery } from '../schemas/waits.ts';
import type { BatchyServer, ServerOptions } from '../server.ts';
import { waitFields } from '../wire.ts';

/** Waitsy's question, answered by the server as soon as it is so. */
export function addWaitRoutes(server: BatchyServer, { services: { waits }, settings, stopping }: ServerOptions): void {
  const maxSeconds = settings.MAX_WAIT_SECONDS;
  server.get(
    '/workflows/:wf/wait',
    {
      config: { scope: 'read', longLived: true },
      schema: {
        tags: ['waits'],
        summary: 'Wait until every job of a workflow has succeeded on a day; says why not yet',
        params: WorkflowParams,
        querystring: waitQuery(maxSeconds),
        response: {
          200: WaitAnswer,
          ...problemResponses('invalid-name', 'unknown-workflow', 'foreign-data', 'unreadable-parameter'),
        },
      },
    },
    async (request, reply) => {
      const { wf } = request.params as Static<typeof WorkflowParams>;
      const query = request.query as WaitQuery;
      const seconds = query.timeout ?? Math.min(defaultWaitSeconds, maxSeconds);
      const result = await waits.wait(wf, {
        date: query.date === undefined ? null : checkDate(query.date),
        timezone: checkTimeZone(query.timezone ?? 'UTC'),
        beginsAtMinute: parseNewDay(query.new_day ?? '00:00'),
        timeoutMilliseconds: seconds * 1000,
        failFast: query.fail_fast ?? false,
        signal: endOfInterest(reply, stopping),
      });
      return reply.send(waitFields(wf, result));
    },
  );
}

function checkDate(text: string): string {
  if (parseInstant(text) !== null) return text;
  throw invalid('/date', `${quoteBriefly(text)} is no date of the calendar`);
}

function checkTimeZone(name: string): string {
  if (isTimeZone(name)) return name;
  throw invalid('/timezone', `${quoteBriefly(name)} is no IANA time zone; expected for example Europe/Vienna`);
}

function invalid(pointer: string, detail: string): BatchyError {
  return new BatchyError('invalid-request', `${pointer.slice(1)}: ${detail}.`, { places: [{ pointer, detail }] });
}
