import type { Static } from 'typebox';

import { aboutFields } from '../../domain/heartbeat.ts';
import type { JsonObject } from '../../domain/json.ts';
import { formatInstant } from '../../domain/time.ts';
import type { ListedConductor } from '../../service/conductors.ts';
import { ConductorsAnswer, ConductorsQuery } from '../schemas/conductors.ts';
import { problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer, HttpServices } from '../server.ts';

/** Conductors: the processes that run jobs. */
export function addConductorRoutes(server: BatchyServer, { conductors }: HttpServices): void {
  server.get(
    '/conductors',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'The processes that run jobs, on all machines; those that are gone for an hour at most',
        querystring: ConductorsQuery,
        response: { 200: ConductorsAnswer, ...problemResponses() },
      },
    },
    async (request, reply) => {
      const { all = false } = request.query as Static<typeof ConductorsQuery>;
      return reply.send((await conductors.list(all)).map(conductorFields));
    },
  );
}

const nothingTold = { host: null, process_id: null, role: null, concurrency: null, capabilities: [], queues: [] };

function conductorFields(listed: ListedConductor): JsonObject {
  const { conductor, state, about, at, ageSeconds, endedBecause = null, executionIds, partCount } = listed;
  return {
    id: conductor,
    state,
    ...(about === undefined ? nothingTold : aboutFields(about)),
    jobs_version: about?.jobsVersion ?? null,
    draining: about?.isDraining === true,
    heartbeat_time: formatInstant(at),
    heartbeat_age_seconds: ageSeconds,
    ended_because: endedBecause,
    execution_ids: executionIds,
    part_count: partCount,
  };
}
