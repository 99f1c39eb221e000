import { errorStack, errorText } from './runner/error-text.ts';
import { type StrayErrorTarget, strayErrorTarget } from './runner/stray-errors.ts';

/** The events of a process that matter here. */
interface ErrorSource {
  on(event: 'unhandledRejection' | 'uncaughtException', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
}

export interface StrayErrorOptions {
  /** What runs in this process: `execution 4 (Load)`. */
  readonly runs: () => readonly string[];
  readonly log: (level: 'warn' | 'error', message: string) => void;
  /** What threw is nobody's that could fail in its place: nobody knows what it left undone. */
  readonly onUnsound: () => void;
  /** A step ends the process: nothing but what is done at once is done any more. */
  readonly onExit: (executionId: number, whose: string, code: number) => void;
}

/**
 * Lets an error that nothing caught fail the step that it came from, rather than end the process and everything in it. One that
 * belongs to no step that is under way is told, with the names of all that runs.
 */
export function catchStrayErrors(source: ErrorSource, { runs, log, onUnsound, onExit }: StrayErrorOptions): void {
  const caught = (error: unknown, isException: boolean): void => {
    const target = strayErrorTarget();
    const whose = target === undefined ? '' : nameOf(target);
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
  source.on('exit', (code) => {
    const target = strayErrorTarget();
    if (target === undefined) return;
    target.note(`the step ends the process, with exit code ${code}, and with it all that runs there`);
    onExit(target.executionId, nameOf(target), code);
  });
  source.on('unhandledRejection', (error) => caught(error, false));
  source.on('uncaughtException', (error) => caught(error, true));
}

function nameOf({ stepName, executionId, jobName }: StrayErrorTarget): string {
  return `step ${stepName} of execution ${executionId} (${jobName})`;
}
