import type { StepRetry } from './job.ts';

/** What to do about failures of one thing: a whole step, or one read, process or write of an item. */
export interface RetryRule extends StepRetry {
  /** Whether another attempt may help; every failure counts if not said. */
  readonly isRetryable?: (error: unknown) => boolean;
}

export type RetryDecision = { readonly kind: 'retry'; readonly delaySeconds: number } | { readonly kind: 'fail' };

/** A growing delay grows no further, unless it began longer. */
const longestGrownSeconds = 300;

/**
 * What follows a failed attempt: another one after a while, or the end. A fixed delay is as it was said. A growing one doubles with
 * each attempt and is shortened at random by up to a half, so that those who failed together do not come back together.
 * @param attemptsDone the one that has just failed included
 * @param random from 0 (included) to 1 (excluded)
 */
export function decideRetry(rule: RetryRule, attemptsDone: number, error: unknown, random: number): RetryDecision {
  if (attemptsDone > rule.maxRetries) return { kind: 'fail' };
  if (rule.isRetryable !== undefined && !rule.isRetryable(error)) return { kind: 'fail' };
  if (rule.backoff === 'fixed') return { kind: 'retry', delaySeconds: rule.delaySeconds };
  const longest = Math.max(longestGrownSeconds, rule.delaySeconds);
  // Doubled a thousand times a number is infinite, and none that is not zero stays below the longest.
  const grown = rule.delaySeconds === 0 ? 0 : Math.min(longest, rule.delaySeconds * 2 ** (attemptsDone - 1));
  return { kind: 'retry', delaySeconds: grown * (1 - random / 2) };
}
