/** Parameters that Batchy gives to executions, and that no job may declare where they are given. */

/** What an execution of a bound job is told of its batch. */
export const windowParameters: readonly string[] = ['from_date', 'to_date', 'batch_id'];

/** What tells the instances of `newInstancePerLaunch` apart. */
export const runIdParameter = 'run_id';
