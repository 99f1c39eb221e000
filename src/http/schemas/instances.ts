import { Type } from 'typebox';

import { parameterTypes } from '../../domain/job.ts';
import { listOrLines } from './history.ts';
import { CursorQuery, LimitQuery } from './vocabulary.ts';

const text = Type.Union([Type.String(), Type.Null()]);
const whole = Type.Union([Type.Integer(), Type.Null()]);

export const InstanceParams = Type.Object({
  id: Type.Integer({ description: 'Id of the job instance', examples: [1] }),
});

export const InstancesQuery = Type.Object(
  {
    job_name: Type.Optional(
      Type.String({ minLength: 1, description: 'Only instances of this job', examples: ['LoadOrders'] }),
    ),
    limit: LimitQuery,
    cursor: CursorQuery,
  },
  { additionalProperties: false },
);

const InstanceItem = Type.Object({
  id: Type.Integer(),
  job_name: Type.String(),
  job_key: Type.String({ description: 'Hash of the name and the identifying parameters' }),
  create_time: Type.String(),
  last_execution_id: whole,
});
const instanceExample = {
  id: 1,
  job_name: 'LoadOrders',
  job_key: 'v1:5f1c7a',
  create_time: '2026-11-21T21:53:34.230000',
  last_execution_id: 1,
};

export const InstancesAnswer = listOrLines(
  'Job instances, newest first; the next page is in the Link header. Asked as application/x-ndjson: all that match, one a line, whatever the limit',
  InstanceItem,
  instanceExample,
);
export const InstanceAnswer = Type.Object(InstanceItem.properties, {
  description: 'One job instance',
  examples: [instanceExample],
});

export const InstanceParametersAnswer = Type.Array(
  Type.Object({
    id: Type.Integer(),
    job_instance_id: Type.Integer(),
    key_name: Type.String(),
    type: Type.Union(parameterTypes.map((type) => Type.Literal(type))),
    identifying: Type.Boolean(),
    string_value: text,
    date_value: text,
    long_value: whole,
    double_value: Type.Union([Type.Number(), Type.Null()]),
  }),
  {
    description:
      'The parameters of the instance, in the order in which they were given; of the four values the one of its type is set. Values of names that hold password, secret or token are masked as ***',
    examples: [
      [
        {
          id: 1,
          job_instance_id: 1,
          key_name: 'batch_size',
          type: 'integer',
          identifying: true,
          string_value: null,
          date_value: null,
          long_value: 100,
          double_value: null,
        },
      ],
    ],
  },
);
