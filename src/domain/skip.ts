/** Which errors of items may be left out, and how many in all of the step execution. */
export interface SkipRule {
  readonly limit: number;
  readonly isSkippable: (error: unknown) => boolean;
}

export type SkipDecision =
  | { readonly kind: 'skip' }
  | {
      readonly kind: 'fail';
      /** `limit`: the error itself could have been left out. */
      readonly because: 'not-skippable' | 'limit';
    };

/** Whether the item that failed is left out, or the step fails. @param skippedSoFar items that the step execution left out */
export function decideSkip(rule: SkipRule, skippedSoFar: number, error: unknown): SkipDecision {
  if (!rule.isSkippable(error)) return { kind: 'fail', because: 'not-skippable' };
  return skippedSoFar < rule.limit ? { kind: 'skip' } : { kind: 'fail', because: 'limit' };
}
