import type { ErrorCode } from '../domain/errors.ts';

/** What to do about each problem, for whoever is called about it at night. A code without advice does not compile. */
export const problemAdvice: Readonly<Record<ErrorCode, string>> = {
  'invalid-name':
    'Workflow names are 1 to 128 letters, digits, `_`, `.` or `-`, begin with a letter, a digit or `_`, and do not end in `-` and nine or more digits. Mend the URL.',
  'invalid-request':
    'A query parameter, header or part of the path is not known or has the wrong form; `errors` names each. Mend the call; nothing was changed.',
  'invalid-id':
    'Ids of executions and instances are whole numbers from 1: `GET /executions` and `GET /instances` list them. Mend the URL.',
  'invalid-body': 'The JSON body is not what the route takes; `errors` points at the places. Nothing was changed.',
  'invalid-configuration':
    'The YAML file of the workflow cannot be read or holds a parameter that cannot be; `detail` names line and column, or job and parameter. Mend the file and load again; the stored workflow is as it was.',
  'unknown-format': 'Say `/json`, `/infa`, or nothing. No batch was opened.',
  'unknown-profile': 'The profiles of parameter files are `batchy`, `powercenter` and `iics`. No batch was opened.',
  'invalid-parameters':
    '`errors` names the parameter and what its job’s schema expects: `GET /jobs/:name`. Nothing was launched.',
  'invalid-job':
    'The file of the job is broken; `GET /jobs` lists it with file and line. Mend the file: it is read again by itself.',
  'invalid-schedule':
    'A name, cron expression, time zone or catch-up that cannot be used; `detail` and `errors` say which and how. Nothing was changed; mend it and send it again.',
  'prefetch-refused':
    'A browser or chat program tried to preview a link that changes state. Do not paste such links; use `POST`.',
  'cross-site-refused':
    'A browser asked on behalf of a page of another site: a link that was clicked there, or an attack on whoever reads it. Use a script, `/docs`, or type the address yourself.',
  'unknown-workflow':
    'Misspelt, or never loaded into this store: `GET /workflows` lists what there is. Is this the right server?',
  'unknown-job':
    '`detail` lists the jobs of the workflow. A job that was removed from the configuration is gone after a load.',
  'unknown-batch': 'No such record: a wrong id, or older than the retention.',
  'missing-configuration':
    'Put `<workflow>.yaml` (or `.yml`) into the folder `BATCHY_CFG` of the server, then load again.',
  'unknown-job-definition':
    'Misspelt, or its file is broken or gone: `GET /jobs` lists what there is, broken files too.',
  'unknown-execution': 'A wrong id, or older than the retention: `GET /executions` lists what there is.',
  'unknown-instance': 'A wrong id, or older than the retention: `GET /instances` lists what there is.',
  'unknown-step': '`GET /executions/:id/steps` lists the steps that ran.',
  'unknown-schedule': '`GET /schedules` lists those that there are; `PUT /schedules/:name` makes one.',
  'unknown-queue': '`GET /queues` lists those that jobs name, that are limited or paused, or in which something waits.',
  'not-found': 'No such route, key or file; `/openapi.json` lists the routes.',
  'method-not-allowed': 'The header `Allow` says which methods the route has.',
  'foreign-data':
    'The key of that name in Redis is no hash of jobs: another program’s. It is left untouched. Choose another workflow name, or move that key.',
  'unreadable-parameter':
    'A time, flag or number that somebody wrote into the store cannot be read; `errors` names it. Mend it with `PATCH /workflows/:wf/jobs/:job`, or load the configuration with `force=true`. Until then nothing is opened.',
  'batch-open':
    'A job is open. If its client is alive, wait; if it is dead, `fail_batch` with its `batch_id`, then repeat. `if_open=reopen` opens in its place, `supersede=true` launches in its place, `force=true` overrides a load, an edit or a deletion.',
  'not-open':
    'There is nothing to end: it was ended before, or never opened. With its `batch_id` a repeated close is answered 200.',
  'never-opened':
    'Open a batch first. After an edit of `from_date` the job is `new` and the batch before can no longer be ended.',
  ambiguous: 'Jobs of several batches are open. Say which with `batch_id=`, or name the jobs with `job=`.',
  'stale-batch':
    'Another opening took the place of your batch. **Do not retry, do not close without the id:** the window belongs to the newer run. Find out who opened it (`/workflows/:wf/batches`, journal).',
  'fence-required':
    'Repeat the close with the `batch_id` that your open returned. If you do not have it, you are not the run that may close.',
  'override-required':
    'You are about to undo an outcome. Declaring a failed window loaded needs `force=true` and a `reason`; having a successful one run again needs its `batch_id` or `force=true`.',
  owned: 'A live execution owns the batch and will end it. `force=true` acts in its place.',
  'empty-window':
    'There is nothing to load yet: `until` is not later than `from_date`. Usual causes: opened again within `lag_minutes`, or a `from_date` in the future. Open later; mend a wrong `from_date` with PATCH.',
  'clock-skew':
    'The last success began ahead of the clock, so its end proves nothing. **Do not wait for the clock to catch up.** Open with `force=true`, or set `from_date`.',
  'watermark-forward':
    'The file would move a watermark forward: data would be skipped. Load with `mode=merge` to keep the watermark, lower `from_date` in the file, or say `force=true` if skipping is what you want.',
  'not-renderable':
    'A name or value holds a line break or another sign that a parameter file cannot hold; `detail` names it. No batch was opened. Mend the parameter, or take JSON.',
  'idempotency-mismatch':
    'The same `Idempotency-Key` was used for another request within 24 hours. Make a fresh key for each request; repeat a key only with the very same request.',
  'precondition-failed':
    'Somebody changed the workflow since you read it. Read it again, look, repeat with the new `ETag`.',
  'precondition-required':
    'Send `If-Match` with the `ETag` of `GET /get_status/:wf`; `If-Match: *` edits whatever is there.',
  'already-running':
    'An execution of the same job with the same identifying parameters is running; `execution_id` says which. Wait for it or stop it.',
  'already-complete':
    'The job says that a complete instance is not launched again. Give other identifying parameters, or `force=true`.',
  'not-recovered':
    '`POST /executions/:id/recover` makes it FAILED, so that it can be restarted. Look first at what it has written.',
  abandoned:
    'Somebody decided that this instance is not to be run again, by `force` neither, or declared the batch that it loaded failed. Give other identifying parameters; a job that is bound to a workflow need only be launched: it runs the window whole, as another instance.',
  'not-restartable':
    'The job says `restartable: false` and an execution of this instance has failed or stopped. Give other identifying parameters.',
  'start-limit': 'A step of the instance has reached its `startLimit`. `force=true` starts it all the same.',
  'too-many-running': 'The job’s `maxConcurrent` is reached; launch it when one has ended.',
  'illegal-transition': '`detail` says in which state it is and what can be done there; docs/states.md draws them.',
  'window-superseded':
    'A later execution has loaded the window of this one; a restart would load it twice. Launch the job: it gets the next window.',
  'not-replayable':
    'Nothing is left to replay: all has been replayed, was never left out, was read again by a forced run, or cannot be given to a processor. `GET /executions/:id/skipped?missing=true` shows what is missing, and why.',
  unauthenticated:
    'Send `Authorization: Bearer KEY`, or put the key into the URL: `http://x:KEY@host/…`. A revoked key ends up here, too.',
  forbidden:
    'The key’s scope is too small; `detail` says which is needed. `batchy keys create NAME --scope …` makes one.',
  'rate-limited': 'Slow down; `Retry-After` says how long. The limit is `RATE_LIMIT_PER_MINUTE`.',
  'body-too-large': 'Send less; the limit is `BODY_LIMIT_BYTES`.',
  'headers-too-large': 'Headers and URL together may have 16 KiB. Send less.',
  'unsupported-media-type': 'Send the body as `application/json`.',
  'request-timeout': 'The request took too long to arrive. Repeat it with the same `Idempotency-Key`.',
  contention:
    'Others change the workflow faster than this request could be stored. Nothing was changed; repeat. If it lasts, some client opens in a loop.',
  overloaded:
    'More requests at once than the service takes. Repeat after `Retry-After`, with the same `Idempotency-Key`. Closes and fails have a reserve of their own.',
  'jobs-not-ready':
    'The service has just started, or one of its job files keeps all others from being read. Nothing was changed: repeat after `Retry-After`. If it lasts, `/health/ready` and the log of the service name the file; mend it, or take it away.',
  'store-unavailable':
    'Redis or the database file cannot be reached; `/health/ready` says which part. **The outcome of a change is unknown**: repeat with the same `Idempotency-Key` until you have an answer.',
  'store-full': 'The disk or the memory of Redis is full. Nothing was changed. Make room, then repeat.',
  'newer-schema': 'The store was written by a later release. Start that release; never point an older one at it.',
  'invalid-setting': '`detail` names the setting, what was expected and what was found. Mend it and start again.',
  internal:
    'A defect of ours; the log has it whole. State is changed only by whole commits, so it is consistent: look at `/get_status/:wf` before you repeat, and report it.',
};
