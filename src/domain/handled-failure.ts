import type { StepExecution } from './execution.ts';
import { matchesPattern } from './exit-code-pattern.ts';
import type { JobDefinition } from './job.ts';
import { stepOfName } from './replay.ts';

/** Whether a decision of the job takes what a step has ended with: its failure is a part of the way then, and nothing to be mended. */
export function isDecided(definition: JobDefinition, { stepName, exitCode }: StepExecution): boolean {
  const decisions = stepOfName(definition, stepName)?.on ?? [];
  return decisions.some((decision) => matchesPattern(decision.exitCode, exitCode));
}
