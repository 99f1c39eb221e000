import type { JobParameters } from '../domain/execution.ts';
import { stepParameters } from '../domain/parameters.ts';
import type { Capability, CapabilityWork } from './capability.ts';
import { errorText } from './error-text.ts';
import type { StepTools } from './steps/step-run.ts';
import { ownStrayErrors } from './stray-errors.ts';

/** What this process can do. */
export interface Capabilities {
  /** All that it may have, sorted: told to others, so that they know who could run what. */
  readonly names: readonly string[];
  /** Whether it may have all of these, now or at another time. */
  mayHave(required: readonly string[]): boolean;
  /** Whether it has all of these for certain, without being asked. */
  hasForGood(required: readonly string[]): boolean;
  /** Asks for them in their order, up to the first that says no. What throws, or takes too long, says no. */
  ask(
    required: readonly string[],
    work: Omit<CapabilityWork, 'parameters'> & { readonly parameters: JobParameters },
  ): Promise<boolean>;
}

export interface CapabilitiesOptions {
  readonly timers: Pick<StepTools['timers'], 'after' | 'monotonic'>;
  /** Told what a capability that could not be asked has thrown: the same no more often than once in a while. */
  readonly onProblem: (error: unknown) => void;
}

/** What a capability is given to answer, in milliseconds. */
const answerWithin = 10_000;
/** One that did not answer is missing for so long without being asked: who waits for it takes up the place of another. */
const rest = 60_000;

/** @param always names that it has, beside those that are defined */
export function createCapabilities(
  defined: readonly Capability[],
  always: readonly string[],
  { timers, onProblem }: CapabilitiesOptions,
): Capabilities {
  const known = new Map<string, Capability['has']>(always.map((name) => [name, null]));
  for (const { name, has } of defined) known.set(name, has);
  /** By name, until when. */
  const resting = new Map<string, number>();
  const told = new Map<string, { readonly text: string; readonly until: number }>();

  function tell(name: string, text: string): void {
    const before = told.get(name);
    const now = timers.monotonic();
    if (before !== undefined && before.text === text && now < before.until) return;
    told.set(name, { text, until: now + rest });
    onProblem(new Error(`The capability ${name} counts as missing: ${text}`));
  }

  async function isThere(name: string, work: CapabilityWork): Promise<boolean> {
    const has = known.get(name);
    if (has === undefined) return false;
    if (has === null) return true;
    if (timers.monotonic() < (resting.get(name) ?? Number.NEGATIVE_INFINITY)) return false;
    let cancel = (): void => {};
    try {
      const late = new Promise<never>((_resolve, reject) => {
        cancel = timers.after(answerWithin, () => {
          resting.set(name, timers.monotonic() + rest);
          reject(new Error(`it has not answered for ${answerWithin / 1000} s, and is asked again in ${rest / 1000} s`));
        });
      });
      // Should it never come back, or end the process, it is known by its name.
      const answer = ownStrayErrors(
        {
          executionId: work.executionId,
          jobName: work.jobName,
          stepName: `that asks for the capability ${name}`,
          fail: () => false,
          note: (text) => onProblem(new Error(`The capability ${name}: ${text}`)),
        },
        () => has(work),
      );
      return (await Promise.race([answer, late])) === true;
    } catch (error) {
      tell(name, errorText(error));
      return false;
    } finally {
      cancel();
    }
  }

  return {
    names: [...known.keys()].sort(),
    mayHave: (required) => required.every((name) => known.has(name)),
    hasForGood: (required) => required.every((name) => known.get(name) === null),
    async ask(required, { parameters, ...about }) {
      const work = { ...about, parameters: stepParameters(parameters) };
      for (const name of required) if (!(await isThere(name, work))) return false;
      return true;
    },
  };
}
