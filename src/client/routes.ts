/**
 * Where the service offers what. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

import type { Operations } from './operations.ts';

export interface OperationRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As RFC 6570 has it: `{name}` in the path, `{?name,name}` in the query. */
  readonly url: string;
  /** Parameters that are headers. */
  readonly headers?: readonly string[];
  /** It changes state: it is sent with an Idempotency-Key, and so may be repeated. */
  readonly effects?: true;
}

/** Where each operation is found, and where its parameters go. */
export const routes = {
  abandonExecution: { method: 'POST', url: '/executions/{id}/abandon', effects: true },
  closeBatch: { method: 'POST', url: '/close_batch/{wf}{?job,batch_id,force,reason}', effects: true },
  deleteWorkflow: { method: 'DELETE', url: '/workflows/{wf}{?confirm,force,reason}', effects: true },
  editJob: { method: 'PATCH', url: '/workflows/{wf}/jobs/{job}{?force}', headers: ['if_match'], effects: true },
  explainProblem: { method: 'GET', url: '/problems/{code}' },
  failBatch: { method: 'POST', url: '/fail_batch/{wf}{?job,batch_id,force,reason}', effects: true },
  getBatch: { method: 'GET', url: '/workflows/{wf}/batches/{batch_id}' },
  getCoverage: { method: 'GET', url: '/workflows/{wf}/coverage{?job,from,to,limit}' },
  getExecution: { method: 'GET', url: '/executions/{id}' },
  getExecutionContext: { method: 'GET', url: '/executions/{id}/context' },
  getExecutionGraph: { method: 'GET', url: '/executions/{id}/graph' },
  getExecutionLog: { method: 'GET', url: '/executions/{id}/log{?offset,limit}', headers: ['last_event_id'] },
  getIndex: { method: 'GET', url: '/index' },
  getInstance: { method: 'GET', url: '/instances/{id}' },
  getJob: { method: 'GET', url: '/jobs/{name}' },
  getLiveness: { method: 'GET', url: '/health/live' },
  getMetrics: { method: 'GET', url: '/metrics' },
  getOpenApi: { method: 'GET', url: '/openapi.json' },
  getQueue: { method: 'GET', url: '/queues/{name}' },
  getReadiness: { method: 'GET', url: '/health/ready' },
  getRestartPlan: { method: 'GET', url: '/executions/{id}/restart-plan' },
  getSchedule: { method: 'GET', url: '/schedules/{name}' },
  getStatus: { method: 'GET', url: '/get_status/{wf}{?job}' },
  getStepLog: { method: 'GET', url: '/executions/{id}/steps/{name}/log{?offset,limit}', headers: ['last_event_id'] },
  getWorkflow: { method: 'GET', url: '/workflows/{wf}' },
  launchJob: {
    method: 'POST',
    url: '/jobs/{name}/launch{?force,supersede,leave_out,priority,delay_seconds,not_before,wait}',
    effects: true,
  },
  limitQueue: { method: 'PUT', url: '/queues/{name}', headers: ['if_match'], effects: true },
  listBatches: {
    method: 'GET',
    url: '/workflows/{wf}/batches{?status,job,kind,opened_after,opened_before,limit,cursor}',
  },
  listConductors: { method: 'GET', url: '/conductors{?all}' },
  listExecutions: {
    method: 'GET',
    url: '/executions{?status,job_name,job_instance_id,queue,started_after,started_before,limit,cursor}',
  },
  listInstanceExecutions: { method: 'GET', url: '/instances/{id}/executions{?limit,cursor}' },
  listInstanceParameters: { method: 'GET', url: '/instances/{id}/parameters' },
  listInstances: { method: 'GET', url: '/instances{?job_name,limit,cursor}' },
  listJobs: { method: 'GET', url: '/jobs' },
  listJournal: { method: 'GET', url: '/workflows/{wf}/journal{?limit,cursor}' },
  listQueues: { method: 'GET', url: '/queues' },
  listSchedules: { method: 'GET', url: '/schedules' },
  listSkippedItems: { method: 'GET', url: '/executions/{id}/skipped{?missing,limit,cursor}' },
  listSteps: { method: 'GET', url: '/executions/{id}/steps' },
  listWorkflows: {
    method: 'GET',
    url: '/workflows{?status,prefix,updated_after,updated_before,sort,order,limit,cursor}',
  },
  loadWorkflow: { method: 'POST', url: '/load_cfg/{wf}{?mode,force,reason}', effects: true },
  openBackfill: { method: 'POST', url: '/workflows/{wf}/backfill', effects: true },
  openBatch: { method: 'POST', url: '/open_batch/{wf}{?job,force,reason,if_open,profile}', effects: true },
  openBatchAs: { method: 'POST', url: '/open_batch/{wf}/{format}{?job,force,reason,if_open,profile}', effects: true },
  pauseQueue: { method: 'POST', url: '/queues/{name}/pause', effects: true },
  pauseSchedule: { method: 'POST', url: '/schedules/{name}/pause', effects: true },
  previewOpen: { method: 'GET', url: '/workflows/{wf}/preview{?job,force,as_of}' },
  recoverExecution: { method: 'POST', url: '/executions/{id}/recover', effects: true },
  removeSchedule: { method: 'DELETE', url: '/schedules/{name}', effects: true },
  replaySkippedItems: { method: 'POST', url: '/executions/{id}/skipped/replay{?wait}', effects: true },
  restartExecution: {
    method: 'POST',
    url: '/executions/{id}/restart{?priority,delay_seconds,not_before}',
    effects: true,
  },
  resumeQueue: { method: 'POST', url: '/queues/{name}/resume', effects: true },
  resumeSchedule: { method: 'POST', url: '/schedules/{name}/resume', effects: true },
  reviveExecution: { method: 'POST', url: '/executions/{id}/revive', effects: true },
  runTasks: { method: 'POST', url: '/jobs/{name}/run', effects: true },
  setSchedule: { method: 'PUT', url: '/schedules/{name}', headers: ['if_match'], effects: true },
  stopExecution: { method: 'POST', url: '/executions/{id}/stop', effects: true },
  waitForWorkflow: { method: 'GET', url: '/workflows/{wf}/wait{?timeout,date,timezone,new_day,fail_fast}' },
} as const satisfies Record<keyof Operations, OperationRoute>;
