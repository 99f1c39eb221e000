import { jobFileTarget, type StrayErrorTarget, strayErrorTarget } from './runner/stray-errors.ts';

/** Whose code runs, and so holds up the event loop of a process that runs jobs, should it never end. */
export interface Holder {
  /** `null` for the top level of a job file, which is no execution's. */
  readonly executionId: number | null;
  /** `step Load of execution 4 (Orders)` */
  readonly whose: string;
}

/** How another thread asks for it by the inspector, while the one that is asked does something else. */
const key = 'batchy.holder';
export const holderExpression = `globalThis[Symbol.for('${key}')]?.() ?? null`;

/** Lets this thread be asked. */
export function offerHolder(): void {
  Object.defineProperty(globalThis, Symbol.for(key), { value: currentHolder, configurable: true });
}

/** @returns `null` where the code that runs at this moment is nobody's */
export function currentHolder(): Holder | null {
  const target = strayErrorTarget();
  if (target !== undefined) return { executionId: target.executionId, whose: nameOf(target) };
  const file = jobFileTarget();
  return file === undefined ? null : { executionId: null, whose: `the top level of jobs/${file.file}` };
}

export function nameOf({ stepName, executionId, jobName }: StrayErrorTarget): string {
  return `step ${stepName} of execution ${executionId} (${jobName})`;
}
