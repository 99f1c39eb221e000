import { type Static, Type } from 'typebox';

import { defaultInitialDate } from '../domain/watermark.ts';

/**
 * Every setting, once. The environment variable's name is the key here; in `batchy.yaml` it is written in lower case, as a
 * flag with dashes (`REDIS_URL`, `redis_url`, `--redis-url`). `docs/configuration.md` is checked against this schema.
 */
export const settingsSchema = Type.Object(
  {
    PORT: Type.Integer({
      minimum: 0,
      maximum: 65535,
      default: 5000,
      description: 'Port to listen on; 0 takes a free one.',
    }),
    HOST: Type.String({
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address to listen on. Anything but loopback needs an API key, or ALLOW_OPEN.',
    }),
    ALLOW_OPEN: Type.Boolean({
      default: false,
      description:
        'Listen beyond loopback although there is no API key. Everybody who reaches the port may then change every watermark.',
    }),
    TRUSTED_NETWORKS: Type.String({
      default: '',
      description: 'Networks (CIDR, separated by commas) from which the six classic routes need no key.',
    }),
    REDIS_URL: Type.String({
      default: '',
      description:
        'Where the state lives: redis://, rediss:// or redis+sentinel://host:port,host:port/name. Empty: the embedded store under BATCHY_DATA.',
    }),
    ALLOW_EVICTION: Type.Boolean({
      default: false,
      description: 'Start even though the Redis may evict keys when its memory is full. Evicted watermarks are lost.',
    }),
    BATCHY_DATA: Type.String({
      minLength: 1,
      default: './data',
      description: 'Folder of the embedded database, of the API keys and of the logs of jobs.',
    }),
    BATCHY_CFG: Type.String({
      minLength: 1,
      default: './cfg',
      description: 'Folder of the configurations of workflows (<workflow>.yaml) and of the jobs (jobs/).',
    }),
    BATCHY_INITIAL_DATE: Type.String({
      default: defaultInitialDate,
      description: 'from_date of a job that has none and has never succeeded (UTC).',
    }),
    REQUIRE_FENCE: Type.Boolean({
      default: false,
      description: 'Refuse a close without batch_id of a batch that took the place of an open one, for all jobs.',
    }),
    LOAD_SAMPLES: Type.Boolean({
      default: true,
      description:
        'Load all configurations into a store that is empty at the start. A store with workflows is never touched.',
    }),
    API_KEYS_FILE: Type.String({
      default: '',
      description: 'File of the hashed API keys. Empty: keys.json under BATCHY_DATA.',
    }),
    BATCHY_ADMIN_KEY: Type.String({
      default: '',
      description: 'One more API key, of scope admin, given in clear (at least 16 characters): for containers.',
      secret: true,
    }),
    RETENTION_DAYS: Type.Number({
      minimum: 0,
      default: 400,
      description: 'Days to keep the journal and the records of ended batches; 0 keeps them for ever.',
    }),
    EXECUTION_RETENTION_DAYS: Type.Number({
      minimum: 0,
      default: 0,
      description:
        'Days to keep executions that have ended, with their steps, skipped items and logs; 0 keeps them for ever. Parameters whose instance is forgotten run again when they are launched.',
    }),
    LOG_LEVEL: Type.Union(
      [
        Type.Literal('trace'),
        Type.Literal('debug'),
        Type.Literal('info'),
        Type.Literal('warn'),
        Type.Literal('error'),
        Type.Literal('fatal'),
        Type.Literal('silent'),
      ],
      { default: 'info', description: 'Least severe level that is logged.' },
    ),
    BODY_LIMIT_BYTES: Type.Integer({
      minimum: 1024,
      maximum: 67_108_864,
      default: 1_048_576,
      description: 'Largest request body, in bytes.',
    }),
    REQUEST_TIMEOUT_SECONDS: Type.Number({
      exclusiveMinimum: 0,
      maximum: 3600,
      default: 30,
      description:
        'A request must have arrived whole, and have had its turn among those on the same workflow, within this many seconds.',
    }),
    MAX_WAIT_SECONDS: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 3600,
      description: 'Longest timeout that /workflows/:wf/wait accepts, in seconds.',
    }),
    RATE_LIMIT_PER_MINUTE: Type.Integer({
      minimum: 0,
      default: 0,
      description: 'Requests per minute and caller (key and address; without a right key, address); 0 sets no limit.',
    }),
    MAX_CONCURRENT_REQUESTS: Type.Integer({
      minimum: 1,
      default: 1000,
      description:
        'Requests in progress beyond which new ones are answered 503 (closes and fails have a reserve of their own). As many waits and event streams may be open besides.',
    }),
    WORKER: Type.Boolean({
      default: true,
      description: 'Run jobs, in a process beside the one that serves. Off: jobs can be launched and run elsewhere.',
    }),
    JOB_CONCURRENCY: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 4,
      description: 'Executions that this process runs at a time; others wait for their turn.',
    }),
    CAPABILITIES: Type.String({
      default: '',
      description:
        'Names of what this machine has and jobs may need (gpu), separated by commas; beside what the files in capabilities/ under BATCHY_CFG define.',
    }),
    QUEUES: Type.String({
      default: '',
      description:
        'Queues of which this process runs the executions, separated by commas; empty: those of all its jobs.',
    }),
    LEASE_SECONDS: Type.Number({
      minimum: 1,
      maximum: 3600,
      default: 15,
      description:
        'A conductor that has given no sign of life for this long is taken for gone, in seconds. It tells others its own.',
    }),
    BLOCKED_SECONDS: Type.Number({
      minimum: 1,
      maximum: 86_400,
      default: 300,
      description:
        'How long job code that awaits nothing may hold up the process that runs it, in seconds. Then that process is ended, and what it ran goes on elsewhere.',
    }),
    WATCH_SECONDS: Type.Number({
      exclusiveMinimum: 0,
      default: 5,
      description: 'Pause between two looks for starts that lie ahead of the clock, in seconds.',
    }),
    SHUTDOWN_SECONDS: Type.Number({
      exclusiveMinimum: 0,
      default: 10,
      description:
        'How long the service may take to stop when it is told to, in seconds; requests in progress have half of it.',
    }),
  },
  { additionalProperties: false },
);

export type Settings = Static<typeof settingsSchema>;
export type SettingName = keyof Settings;

export const settingNames = Object.keys(settingsSchema.properties) as SettingName[];

/** `REDIS_URL` → `redis_url`, as it is written in `batchy.yaml`. */
export function yamlKey(name: SettingName): string {
  return name.toLowerCase();
}

/** `REDIS_URL` → `--redis-url`. */
export function flagName(name: SettingName): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`;
}
