import { Type } from 'typebox';

import { stepKinds } from '../../domain/job.ts';
import { taskLetters } from '../../domain/task-list.ts';
import { scopeKinds } from '../../domain/flow.ts';
import { taskStatuses } from '../../domain/flow-state.ts';
import { BatchStatusName, ConductorOfPart } from './executions.ts';

/** The steps of a job as a graph: as it is defined, as an execution has gone through it, and as a restart would. */

const text = Type.Union([Type.String(), Type.Null()]);

export const stepKindName = Type.Union([...stepKinds.map((kind) => Type.Literal(kind)), Type.Null()]);
const nodeKindName = Type.Union([...[...stepKinds, ...scopeKinds].map((kind) => Type.Literal(kind)), Type.Null()]);
export const Edge = Type.Object({
  from: Type.String(),
  to: text,
  on: Type.Union([Type.String(), Type.Null()], { description: 'Pattern of exit codes; null: its success' }),
  end: Type.Union([Type.Literal('COMPLETED'), Type.Literal('FAILED'), Type.Literal('STOPPED'), Type.Null()], {
    description: 'How the execution ends, where it leads to no step',
  }),
});

export const GraphAnswer = Type.Object(
  {
    job_execution_id: Type.Integer(),
    job_name: Type.String(),
    status: BatchStatusName,
    nodes: Type.Array(
      Type.Object({
        name: Type.String(),
        kind: nodeKindName,
        status: Type.Union([BatchStatusName, Type.Null()]),
        exit_code: text,
        step_execution_id: Type.Union([Type.Integer(), Type.Null()]),
        conductor: ConductorOfPart,
        task: Type.Union(
          [
            Type.Object({
              id: Type.Integer(),
              letter: Type.Union(
                taskLetters.map((letter) => Type.Literal(letter)),
                {
                  description:
                    'PyRunner’s: pending, running, completed, failed, defaulted, not run (left out by the launch), aborted',
                },
              ),
            }),
            Type.Null(),
          ],
          {
            description: 'Of a task list: the task, and what has become of it in this execution and those it restarts',
          },
        ),
        scope: Type.Optional(
          Type.Union([Type.String(), Type.Null()], {
            description: 'Of a flow: the flow within it that the node stands in; null: it is the outermost',
          }),
        ),
        retry: Type.Optional(
          Type.Union([Type.String(), Type.Null()], {
            description: 'Of a flow: the kind of its retry controller, such as times; null: it has none, or is a task',
          }),
        ),
        has_revert: Type.Optional(Type.Boolean({ description: 'Of a task of a flow: it can be undone' })),
        task_state: Type.Optional(
          Type.Union([...taskStatuses.map((status) => Type.Literal(status)), Type.Null()], {
            description:
              'Of a task of a flow: what it is in this execution, be it by one that this restarts; null: it is a flow, or was gone on with since',
          }),
        ),
      }),
    ),
    edges: Type.Array(Edge),
  },
  {
    description:
      'The job’s steps with what has become of each in this execution (null: it has not run in it), and what follows what. Of a flow its tasks and the flows within it, as they were made when it was picked up; none before that',
    examples: [
      {
        job_execution_id: 1,
        job_name: 'LoadOrders',
        status: 'COMPLETED',
        nodes: [
          {
            name: 'Download',
            kind: 'shell',
            status: 'COMPLETED',
            exit_code: 'COMPLETED',
            step_execution_id: 1,
            task: null,
          },
          {
            name: 'Load',
            kind: 'chunk',
            status: 'COMPLETED',
            exit_code: 'COMPLETED',
            step_execution_id: 2,
            task: null,
          },
        ],
        edges: [{ from: 'Download', to: 'Load', on: null, end: null }],
      },
      {
        job_execution_id: 2,
        job_name: 'provision',
        status: 'REVERTED',
        nodes: [
          {
            name: 'vps',
            kind: 'linear',
            status: null,
            exit_code: null,
            step_execution_id: null,
            task: null,
            scope: null,
            retry: 'times',
            has_revert: false,
            task_state: null,
          },
          {
            name: 'create_volume',
            kind: 'task',
            status: 'COMPLETED',
            exit_code: 'COMPLETED',
            step_execution_id: 4,
            task: null,
            scope: 'vps',
            retry: null,
            has_revert: true,
            task_state: 'REVERTED',
          },
        ],
        edges: [],
      },
    ],
  },
);

export const RestartPlanAnswer = Type.Array(
  Type.Object({
    step_name: Type.String(),
    action: Type.Union([Type.Literal('skip'), Type.Literal('run'), Type.Literal('resume'), Type.Literal('revert')]),
    why: Type.String(),
    conditional: Type.Boolean({ description: 'It runs only if the steps before it lead to it' }),
    over_limit: Type.Boolean({ description: 'Its startLimit is reached: it may not run again' }),
    checkpoint: Type.Unknown({ description: 'Where a chunk step goes on; null: at its beginning' }),
  }),
  {
    description: 'What a restart would do with each step, and why',
    examples: [
      [
        {
          step_name: 'Download',
          action: 'skip',
          why: 'it was completed in execution 1',
          conditional: false,
          over_limit: false,
          checkpoint: null,
        },
        {
          step_name: 'Load',
          action: 'resume',
          why: 'it stopped behind a commit',
          conditional: false,
          over_limit: false,
          checkpoint: { line: 55001 },
        },
      ],
    ],
  },
);
