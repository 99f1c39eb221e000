import { followHistory, type StoredCommit } from './history/history.ts';
import { countTakeovers, type Takeovers } from './history/takeovers.ts';
import { checkpointsGrow } from './rules/checkpoints.ts';
import { type Limits, limitsHold } from './rules/limits.ts';
import { documentsKeepWhatIsFinal, executionsMoveByTheirTable, stepsMoveByTheirTable } from './rules/moves.ts';
import {
  leasesOutliveTheirExecution,
  onlyTheLostAreTakenFrom,
  onlyTheOwnerWrites,
  takeoversAreCounted,
} from './rules/ownership.ts';
import { revertsRunInReverse } from './rules/reverts.ts';
import { revisionsGrow, sequencesGrow } from './rules/revisions.ts';
import type { Rule } from './rules/rule.ts';

export interface JudgeOptions {
  readonly leaseSeconds: number;
  readonly limits?: Limits;
}

export interface Judge {
  /** The next commit of the history. */
  see(commit: StoredCommit): void;
  readonly commits: number;
  readonly takeovers: Pick<Takeovers, 'of'>;
  /** What must not have happened, each with the rule that says so, the first of each rule only so many times. */
  readonly broken: readonly string[];
}

/** Of one rule: what goes wrong once goes wrong again and again. */
const mostOfOneRule = 5;

/** All rules on what a store may go through, whatever befalls those who use it. */
export function createJudge({ leaseSeconds, limits = {} }: JudgeOptions): Judge {
  const rules: readonly (readonly [name: string, rule: Rule])[] = [
    ['revisions grow by one', revisionsGrow()],
    ['sequences grow', sequencesGrow()],
    ['executions move by their table', executionsMoveByTheirTable()],
    ['what is final stays', documentsKeepWhatIsFinal()],
    ['steps move by their table', stepsMoveByTheirTable()],
    ['only the owner writes', onlyTheOwnerWrites()],
    ['leases outlive their execution', leasesOutliveTheirExecution()],
    ['only the lost are taken from', onlyTheLostAreTakenFrom(leaseSeconds)],
    ['takeovers are counted', takeoversAreCounted()],
    ['checkpoints grow', checkpointsGrow()],
    ['limits hold', limitsHold(limits)],
    ['reverts run in reverse', revertsRunInReverse()],
  ];
  const follow = followHistory();
  const takeovers = countTakeovers();
  const found = new Map<string, number>();
  const broken: string[] = [];
  let commits = 0;
  return {
    see(commit) {
      const moment = follow(commit);
      commits += 1;
      takeovers.see(moment);
      for (const [name, rule] of rules)
        for (const what of rule.see(moment)) {
          const count = (found.get(name) ?? 0) + 1;
          found.set(name, count);
          if (count <= mostOfOneRule) broken.push(`${name}: ${what}`);
        }
    },
    get commits() {
      return commits;
    },
    takeovers,
    broken,
  };
}
