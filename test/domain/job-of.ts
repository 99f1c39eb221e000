import { defaultMaxTakeovers, defaultRetry, type JobDefinition, type StepDefinition } from '../../src/domain/job.ts';

/** A step of a test: a task without a parent unless more is said. */
export function stepOf(name: string, more: Partial<StepDefinition> = {}): StepDefinition {
  return {
    name,
    kind: 'task',
    dependsOn: [],
    on: [],
    retry: defaultRetry,
    timeoutSeconds: null,
    allowStartIfComplete: false,
    startLimit: null,
    ...more,
  };
}

/** A job of a test with everything at its default. */
export function jobOf(steps: readonly StepDefinition[], more: Partial<JobDefinition> = {}): JobDefinition {
  return {
    name: 'Load',
    description: null,
    bond: null,
    parameters: new Map(),
    additionalParameters: true,
    steps,
    restartable: true,
    refuseIfComplete: false,
    newInstancePerLaunch: false,
    maxConcurrent: null,
    timeoutSeconds: null,
    onFailure: 'stop',
    onOwnerLost: 'resume',
    maxTakeovers: defaultMaxTakeovers,
    ...more,
  };
}
