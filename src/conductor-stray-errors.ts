import { errorStack, errorText } from './runner/error-text.ts';
import { strayErrorTarget } from './runner/stray-errors.ts';

/** The events of a process that matter here. */
interface ErrorSource {
  on(event: 'unhandledRejection' | 'uncaughtException', listener: (error: unknown) => void): unknown;
}

export interface StrayErrorOptions {
  /** What runs in this process: `execution 4 (Load)`. */
  readonly runs: () => readonly string[];
  readonly log: (level: 'warn' | 'error', message: string) => void;
  /** What threw is nobody's that could fail in its place: nobody knows what it left undone. */
  readonly onUnsound: () => void;
}

/**
 * Lets an error that nothing caught fail the step that it came from, rather than end the process and everything in it. One that
 * belongs to no step that is under way is told, with the names of all that runs.
 */
export function catchStrayErrors(source: ErrorSource, { runs, log, onUnsound }: StrayErrorOptions): void {
  const caught = (error: unknown, isException: boolean): void => {
    const target = strayErrorTarget();
    const whose =
      target === undefined ? '' : `step ${target.stepName} of execution ${target.executionId} (${target.jobName})`;
    if (target?.fail(error) === true) {
      log('warn', `${whose} fails of an error that nothing caught: ${errorText(error)}`);
      return;
    }
    const origin = whose === '' ? 'in the process that runs jobs' : `by ${whose}, which had ended`;
    const present = runs();
    log(
      'error',
      `an error was thrown ${origin}, and nothing caught it. What runs, goes on: ${present.length === 0 ? 'nothing' : present.join(', ')}.\n${errorStack(error)}`,
    );
    if (isException && target === undefined) onUnsound();
  };
  source.on('unhandledRejection', (error) => caught(error, false));
  source.on('uncaughtException', (error) => caught(error, true));
}
