import { capabilityProblem } from '../domain/capability.ts';
import { BatchyError } from '../domain/errors.ts';
import type { Capability, CapabilityWork } from '../runner/capability.ts';
import { describe } from './options.ts';

/**
 * Something that this machine can do, for jobs that need it (`capabilities: ['gpu']`). Files in `cfg/capabilities` export them.
 * @param has asked whenever work that needs it is about to be taken: anything but `true` leaves the work to others, or for later. If not
 *   said, this machine has it
 * @throws BatchyError `invalid-job`
 */
export function defineCapability(name: string, has?: (work: CapabilityWork) => boolean | Promise<boolean>): Capability {
  const given: unknown = name;
  const problem =
    typeof given === 'string' ? capabilityProblem(given) : `its name must be a text, but it is ${describe(given)}`;
  if (problem !== null) throw new BatchyError('invalid-job', `A capability cannot be defined: ${problem}.`);
  const check: unknown = has;
  if (check !== undefined && typeof check !== 'function')
    throw new BatchyError(
      'invalid-job',
      `The capability ${name} cannot be used: whether it is there must be told by a function, but it is ${describe(check)}.`,
    );
  return { kind: 'capability', name, has: has ?? null };
}
