import type { Static } from 'typebox';

import type { BatchStatus, JobExecution, StepExecution } from '../../domain/execution.ts';
import type { JobDefinition } from '../../domain/job.ts';
import { definitionFor } from '../../domain/replay.ts';
import { isMemberOfStart } from '../../domain/document-index.ts';
import { BatchyError } from '../../domain/errors.ts';
import { contextFields, executionFields, stepFields } from '../../domain/execution-text.ts';
import { isLive, liveStatuses } from '../../domain/execution-transitions.ts';
import { hasParts } from '../../domain/part.ts';
import { queueNameProblem } from '../../domain/queue-name.ts';
import { isTaskList } from '../../domain/task-list.ts';
import { listsByStart, placeOf } from '../../service/executions.ts';
import { type TaskState, taskStates } from '../../service/task-states.ts';
import { sendAnswered } from '../answer.ts';
import { callerOf } from '../caller.ts';
import { commandAnswer, launchProblems } from '../execution-answer.ts';
import { flowGraphFields } from '../flow-wire.ts';
import { isNumber, sendPage } from '../id-pages.ts';
import { conductorFields, executionWithParameters, graphFields, plannedFields } from '../job-wire.ts';
import { maskSecrets } from '../masking.ts';
import { readInstant } from '../query.ts';
import * as schemas from '../schemas/executions.ts';
import { GraphAnswer, RestartPlanAnswer } from '../schemas/graph.ts';
import { changeProblems, IdempotencyHeaders, NoQuery, problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer, HttpServices } from '../server.ts';
import { readUrgency, type UrgencyQuery } from '../urgency.ts';

/** Why there is no definition to draw a graph by. */
const unreadable: ReadonlySet<string> = new Set(['unknown-job-definition', 'invalid-job', 'jobs-not-ready']);

const noOwners: ReadonlyMap<number, string> = new Map();

const ExecutionParams = schemas.executionParams(1);
type Params = Static<typeof ExecutionParams>;

/** What has been launched and what became of it. */
export function addExecutionRoutes(server: BatchyServer, { executions, jobs }: HttpServices): void {
  const found = ['invalid-id', 'unknown-execution'] as const;

  server.get(
    '/executions',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'The executions, newest first',
        querystring: schemas.ExecutionsQuery,
        response: { 200: schemas.ExecutionsAnswer, ...problemResponses() },
      },
    },
    async (request, reply) => {
      const query = request.query as Static<typeof schemas.ExecutionsQuery>;
      const { started_after: after, started_before: before } = query;
      const filter = {
        status: query.status ?? null,
        jobName: query.job_name ?? null,
        instanceId: query.job_instance_id ?? null,
        queue: readQueue(query.queue, query.status),
        startedAfter: after === undefined ? null : readInstant('/started_after', after),
        startedBefore: before === undefined ? null : readInstant('/started_before', before),
      };
      const byStart = listsByStart(filter);
      return sendPage(request, reply, {
        limit: query.limit,
        cursor: query.cursor,
        read: (beyond, limit) => executions.list({ ...filter, beyond, limit }),
        placeOf: (execution) => placeOf(execution, byStart),
        isPlace: (place): place is number | string => (byStart ? isMemberOfStart(place) : isNumber(place)),
        fields: executionFields,
      });
    },
  );

  server.get(
    '/executions/:id',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'One execution, with its parameters',
        params: ExecutionParams,
        querystring: NoQuery,
        response: { 200: schemas.ExecutionAnswer, ...problemResponses(...found) },
      },
    },
    async (request, reply) => {
      const execution = await executions.get((request.params as Params).id);
      return reply.send(executionWithParameters(execution, await executions.awaits(execution)));
    },
  );

  server.get(
    '/executions/:id/steps',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'The steps that ran in an execution, with their counters',
        params: ExecutionParams,
        querystring: NoQuery,
        response: { 200: schemas.StepsAnswer, ...problemResponses(...found) },
      },
    },
    async (request, reply) => {
      const { id } = request.params as Params;
      const steps = await executions.steps(id);
      const owners = await ownersOf(id, steps);
      return reply.send(steps.map((step) => ({ ...stepFields(step), ...conductorFields(step, owners) })));
    },
  );

  server.get(
    '/executions/:id/graph',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'The job’s graph with what has become of each step in an execution',
        params: ExecutionParams,
        querystring: NoQuery,
        response: { 200: GraphAnswer, ...problemResponses(...found) },
      },
    },
    async (request, reply) => {
      const { id } = request.params as Params;
      const execution = await executions.get(id);
      const [definition, steps] = await Promise.all([definitionOf(execution), executions.steps(id)]);
      if (definition?.isFlow === true || steps.some(({ flow }) => flow !== undefined))
        return reply.send(flowGraphFields(execution, await executions.flowView(execution, steps), steps));
      const tasks = definition === null ? [] : await tasksOf(definition, execution, steps);
      const owners = definition === null || hasParts(definition) ? await ownersOf(id, steps) : noOwners;
      return reply.send(graphFields(execution, definition, steps, { tasks, owners }));
    },
  );

  /** Who runs what of an execution that was offered to all. Of what has ended nobody. */
  async function ownersOf(id: number, steps: readonly StepExecution[]): Promise<ReadonlyMap<number, string>> {
    return steps.some(({ status }) => isLive(status)) ? executions.partOwners(id) : noOwners;
  }

  /** None of what is no task list. */
  async function tasksOf(
    definition: JobDefinition,
    execution: JobExecution,
    steps: readonly StepExecution[],
  ): Promise<readonly TaskState[]> {
    if (!isTaskList(definition)) return [];
    return taskStates(definition, execution, await executions.instance(execution.instanceId), steps);
  }

  /** `null` when its file is gone or broken, or was not read yet; what has run can be looked at all the same. */
  async function definitionOf({ jobName, parameters }: JobExecution): Promise<JobDefinition | null> {
    try {
      return definitionFor((await jobs.get(jobName)).definition, parameters);
    } catch (error) {
      if (error instanceof BatchyError && unreadable.has(error.code)) return null;
      throw error;
    }
  }

  server.get(
    '/executions/:id/context',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'What the steps of an execution share',
        params: ExecutionParams,
        querystring: NoQuery,
        response: { 200: schemas.ContextAnswer, ...problemResponses(...found) },
      },
    },
    async (request, reply) => {
      const context = contextFields(await executions.context((request.params as Params).id));
      return reply.send(maskSecrets(new Map(Object.entries(context))));
    },
  );

  server.get(
    '/executions/:id/restart-plan',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'What a restart would do with each step: skip, run, resume or revert; and why',
        params: schemas.executionParams(2),
        querystring: NoQuery,
        response: {
          200: RestartPlanAnswer,
          ...problemResponses(...found, 'unknown-job-definition', 'invalid-job', 'jobs-not-ready'),
        },
      },
    },
    async (request, reply) =>
      reply.send((await executions.restartPlan((request.params as Params).id)).map(plannedFields)),
  );

  const commands = [
    {
      name: 'stop',
      example: 3,
      summary: 'Ask an execution to stop at the next chunk or step boundary',
      did: 'was asked to stop',
      problems: ['illegal-transition'],
    },
    {
      name: 'revive',
      example: 3,
      summary: 'Have what has failed in a running execution tried anew: what was defaulted by that waits for it again',
      did: 'was revived',
      problems: ['illegal-transition'],
    },
    {
      name: 'restart',
      example: 2,
      summary: 'Launch the instance of an execution again: what is completed is skipped',
      did: 'was restarted',
      problems: ['unknown-job-definition', 'illegal-transition', ...launchProblems],
    },
    {
      name: 'abandon',
      example: 2,
      summary: 'Decide that a stopped or failed execution is never to be restarted',
      did: 'was abandoned',
      problems: ['illegal-transition'],
    },
    {
      name: 'recover',
      example: 4,
      summary:
        'Declare an execution failed whose owner is gone or whose outcome is unknown, so that it can be restarted',
      did: 'was recovered',
      problems: ['illegal-transition', 'owned'],
    },
  ] as const;
  for (const { name, example, summary, did, problems } of commands) {
    server.post(
      `/executions/:id/${name}`,
      {
        config: { scope: 'operate', effects: true },
        schema: {
          tags: ['executions'],
          summary,
          headers: IdempotencyHeaders,
          params: schemas.executionParams(example),
          querystring: name === 'restart' ? schemas.RestartQuery : NoQuery,
          response: {
            202: schemas.CommandAnswer,
            ...problemResponses(...found, 'invalid-body', ...problems, ...changeProblems),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params as Params;
        refuseBody(request.body, name);
        const caller = callerOf(request, `${name} execution ${id}`);
        const { urgency } = readUrgency(request.query as UrgencyQuery);
        const answered = await executions[name](id, caller, (execution) => commandAnswer(execution, did), urgency);
        return sendAnswered(reply, answered);
      },
    );
  }
}

/** @throws BatchyError `invalid-request` for what is no name of one, or a status in which nothing waits or runs in a queue */
function readQueue(queue: string | undefined, status: BatchStatus | undefined): string | null {
  if (queue === undefined) return null;
  const problem = queueNameProblem(queue);
  const detail =
    problem ??
    (status === undefined || isLive(status)
      ? null
      : `lists what waits or runs in a queue: no ${status} ones. Leave queue out, or ask for ${liveStatuses.join(', ')} or no status`);
  if (detail === null) return queue;
  throw new BatchyError('invalid-request', `queue: ${detail}.`, { places: [{ pointer: '/queue', detail }] });
}

/** What somebody believes to say must not be passed over; an empty object says nothing. */
function refuseBody(body: unknown, command: string): void {
  if (body === undefined || JSON.stringify(body) === '{}') return;
  throw new BatchyError('invalid-body', `A ${command} takes no body; nothing was changed. Leave it out.`, {
    places: [{ pointer: '', detail: 'expected no body' }],
  });
}
