import type { Json } from './json.ts';
import type { Priority } from './priority.ts';

/**
 * A job as data: what every dialect compiles to, what the engine runs and what `/jobs` shows. The code of its steps is not in
 * it; the process that runs jobs finds it by job and step name.
 */
export interface JobDefinition {
  readonly name: string;
  readonly description: string | null;
  /** The workflow whose window its launches load, or `null`. */
  readonly bond: WorkflowBond | null;
  readonly parameters: ParameterSchema;
  /** Whether a launch may give parameters that the schema does not name. */
  readonly additionalParameters: boolean;
  /** In the order in which they were written; names differ. None of a reversible flow: its tasks are made when it is picked up. */
  readonly steps: readonly StepDefinition[];
  /** `false`: an instance that has failed or stopped may not be launched again. */
  readonly restartable: boolean;
  /** A launch of a complete instance is refused, rather than completed at once. */
  readonly refuseIfComplete: boolean;
  /** Each launch of a complete (or abandoned) instance gets an identifying `run_id` of its own. Never together with a bond. */
  readonly newInstancePerLaunch: boolean;
  /** Executions of this job that may be live at a time; `null`: any number. A further launch is refused. */
  readonly maxConcurrent: number | null;
  readonly timeoutSeconds: number | null;
  /** Steps of one execution that may run at a time; absent: as many as are ready. */
  readonly maxProcs?: number;
  /** After a failed step: `stop` lets running branches finish, `continue` lets other branches go on. */
  readonly onFailure: 'stop' | 'continue';
  /** When its conductor is gone: another takes it over (at most `maxTakeovers` times), or it fails at once. */
  readonly onOwnerLost: 'resume' | 'fail';
  readonly maxTakeovers: number;
  /** Names of capabilities that whoever runs it must have; absent: it needs none. Steps may need more. */
  readonly capabilities?: readonly string[];
  /** It is a reversible flow. */
  readonly isFlow?: true;
  /** Where its executions wait for a conductor; absent: in the usual queue. */
  readonly queue?: string;
  /** In which order they do; absent: the usual one. A launch may name another. */
  readonly priority?: Priority;
  /** Executions of it that may run at a time, over all machines; absent: any number. Further ones wait. */
  readonly maxRunning?: number;
}

/** `workflow` may hold parameters: `orders-{{region}}` is one watermark per value. `jobs`: those of the workflow, or `null` for all. */
export interface WorkflowBond {
  readonly workflow: string;
  readonly jobs: readonly string[] | null;
}

export const stepKinds = ['task', 'chunk', 'shell', 'http', 'wait', 'partition', 'worker'] as const;
export type StepKind = (typeof stepKinds)[number];

export interface StepDefinition {
  readonly name: string;
  readonly kind: StepKind;
  /** Steps that must be completed before it starts. */
  readonly dependsOn: readonly string[];
  /** What follows which exit code; empty: whoever depends on it. */
  readonly on: readonly StepDecision[];
  readonly retry: StepRetry;
  readonly timeoutSeconds: number | null;
  /** The timeout counts from the beginning of the first attempt, and what it ends is not tried again. Absent: it is each attempt's. */
  readonly timeoutCovers?: 'all-attempts';
  /** Where the step is a task of a list. */
  readonly task?: TaskOfList;
  /** Runs again in a restart although it was completed. */
  readonly allowStartIfComplete: boolean;
  /** How often it may be started in one instance; `null`: any number. */
  readonly startLimit: number | null;
  /** Names of capabilities that whoever runs the job must have for it; absent: it needs none. */
  readonly capabilities?: readonly string[];
  /** Any conductor may run it, beside others of its execution: only whoever does must have its capabilities. */
  readonly distributed?: true;
  /** Parameters or context values that its texts take as `{{name}}`; left out where there are none. */
  readonly templateNames?: readonly string[];
  /** Nothing in it is code of the job's author, so that it sets no context values; of shell, http and wait steps it goes without saying. */
  readonly withoutCode?: true;
}

/** What a task list says of a task beside what every step has. */
export interface TaskOfList {
  readonly id: number;
  /** A file to which its log is appended, too; `null`: none. */
  readonly logFile: string | null;
}

/** `exitCode` is a pattern: `*` stands for any text, `?` for one character (as in Spring Batch). The first that fits decides. */
export interface StepDecision {
  readonly exitCode: string;
  /** The step that runs next, or how the execution ends. */
  readonly to: { readonly step: string } | { readonly end: 'COMPLETED' | 'FAILED' | 'STOPPED' };
}

export interface StepRetry {
  /** Further attempts after the first. */
  readonly maxRetries: number;
  readonly delaySeconds: number;
  readonly backoff: 'fixed' | 'exponential';
}

export const parameterTypes = ['string', 'integer', 'float', 'boolean', 'date', 'null', 'json'] as const;
export type ParameterType = (typeof parameterTypes)[number];

export type ParameterSchema = ReadonlyMap<string, ParameterDefinition>;

export interface ParameterDefinition {
  /** `null`: whatever the value is. */
  readonly type: Exclude<ParameterType, 'null'> | null;
  /** Taken where the launch does not name it; `undefined`: there is none. */
  readonly default?: Json;
  readonly required: boolean;
  readonly identifying: boolean;
  readonly description: string | null;
}

export const defaultRetry: StepRetry = { maxRetries: 0, delaySeconds: 1, backoff: 'fixed' };
export const defaultMaxTakeovers = 3;
