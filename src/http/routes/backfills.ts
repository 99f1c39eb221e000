import type { Static } from 'typebox';

import { encodeJobs } from '../../domain/workflow.ts';
import { jsonAnswer, sendAnswered } from '../answer.ts';
import { callerOf } from '../caller.ts';
import { readInstant } from '../query.ts';
import { BackfillAnswer, BackfillBody } from '../schemas/batches.ts';
import {
  changeProblems,
  IdempotencyHeaders,
  NoQuery,
  problemResponses,
  WorkflowParams,
} from '../schemas/vocabulary.ts';
import type { BatchyServer, HttpServices } from '../server.ts';

/** Batches over windows of the past. */
export function addBackfillRoutes(server: BatchyServer, { batches }: HttpServices): void {
  server.post(
    '/workflows/:wf/backfill',
    {
      config: { scope: 'operate', effects: true },
      schema: {
        tags: ['workflows'],
        summary: 'Open a batch over a window of the past; the watermark never moves',
        headers: IdempotencyHeaders,
        params: WorkflowParams,
        querystring: NoQuery,
        body: BackfillBody,
        response: {
          201: BackfillAnswer,
          ...problemResponses(
            'invalid-name',
            'invalid-body',
            'unknown-workflow',
            'unknown-job',
            'foreign-data',
            ...changeProblems,
          ),
        },
      },
    },
    async (request, reply) => {
      const { wf } = request.params as Static<typeof WorkflowParams>;
      const { from, to, job, reason = null } = request.body as Static<typeof BackfillBody>;
      const options = {
        jobs: job === undefined ? null : [job].flat(),
        from: readInstant('/from', from),
        until: readInstant('/to', to),
        reason,
      };
      const answered = await batches.backfill(wf, options, callerOf(request, `backfill ${wf}`), (opened, batchId) =>
        jsonAnswer(encodeJobs(opened), 201, { location: `/workflows/${wf}/batches/${batchId}` }),
      );
      return sendAnswered(reply, answered);
    },
  );
}
