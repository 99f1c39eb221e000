import type { ErrorPlace } from './errors.ts';
import type { JobDefinition } from './job.ts';
import { quoteBriefly } from './names.ts';

/** What a machine can do that others perhaps cannot, by name: `gpu`, `is_x86_64`. Names as those of jobs. */
const capabilityPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** What is wrong with the name of a capability, or `null`. */
export function capabilityProblem(name: string): string | null {
  if (capabilityPattern.test(name)) return null;
  return `${quoteBriefly(name)} is no name of a capability: use 1 to 128 letters, digits, '_', '.' or '-', beginning with a letter, a digit or '_'`;
}

/**
 * All that whoever runs an execution of the job must have, in the order in which it is asked for: what the job needs, then what its steps do. Steps
 * run where their execution does, unless they are distributed.
 */
export function requiredCapabilities({ capabilities = [], steps }: JobDefinition): readonly string[] {
  const own = steps.filter((step) => step.capabilities !== undefined && step.distributed !== true);
  if (capabilities.length === 0 && own.length === 0) return none;
  return [...new Set([...capabilities, ...own.flatMap((step) => step.capabilities ?? [])])];
}

const none: readonly string[] = [];

/** What is wrong with the capabilities that a job and its steps need; pointers begin at the job. */
export function checkCapabilities({ capabilities = [], steps }: JobDefinition): ErrorPlace[] {
  const check = (names: readonly string[], pointer: string): ErrorPlace[] =>
    names.flatMap((name, place) => {
      const detail = capabilityProblem(name);
      return detail === null ? [] : [{ pointer: `${pointer}/capabilities/${place}`, detail }];
    });
  return [
    ...check(capabilities, ''),
    ...steps.flatMap((step, index) => check(step.capabilities ?? [], `/steps/${index}`)),
  ];
}
