import { nameOf } from './conductor-holder.ts';
import { errorStack, errorText } from './runner/error-text.ts';
import { jobFileTarget, strayErrorTarget } from './runner/stray-errors.ts';

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
  readonly onUnsound: (why: string) => void;
  /** A step ends the process, or a job file's top level (`null`): nothing but what is done at once is done any more. */
  readonly onExit: (executionId: number | null, whose: string, code: number) => void;
  /** A job file ends the process while files are read: perhaps not the one that is being read. */
  readonly onFileExit: (file: string) => void;
  /** Whether the job files are being read. */
  readonly isReading: () => boolean;
}

/** A timer at a file's top may throw for ever. */
const mostOfOneFile = 10;

/**
 * Lets an error that nothing caught fail the step that it came from, or the job file while it is read, rather than end the process and
 * everything in it. One that belongs to neither is told, with the names of all that runs.
 */
export function catchStrayErrors(source: ErrorSource, options: StrayErrorOptions): void {
  const { runs, log, onUnsound, onExit } = options;
  const told = new Map<string, number>();
  const tooMany = (file: string): boolean => {
    const count = (told.get(file) ?? 0) + 1;
    told.set(file, count);
    return count > mostOfOneFile;
  };
  const caught = (error: unknown, isException: boolean): void => {
    const target = strayErrorTarget();
    const whose = target === undefined ? '' : nameOf(target);
    if (target?.fail(error) === true) {
      log('warn', `${whose} fails of an error that nothing caught: ${errorText(error)}`);
      return;
    }
    const file = target === undefined ? jobFileTarget() : undefined;
    // It is listed as broken, with this error.
    if (file?.fail(error) === true) return;
    const origin =
      target !== undefined
        ? `by ${whose}, which had ended`
        : file === undefined
          ? 'in the process that runs jobs'
          : `by the top level of jobs/${file.file}, after it was read`;
    const present = runs();
    if (file === undefined || !tooMany(file.file))
      log(
        'error',
        `an error was thrown ${origin}, and nothing caught it. What runs, goes on: ${present.length === 0 ? 'nothing' : present.join(', ')}.\n${errorStack(error)}`,
      );
    if (isException && target === undefined)
      onUnsound(`an error was thrown ${origin}, and nothing caught it: ${errorText(error)}`);
  };
  source.on('exit', (code) => {
    const target = strayErrorTarget();
    const file = jobFileTarget()?.file;
    if (target !== undefined) {
      target.note(`the step ends the process, with exit code ${code}, and with it all that runs there`);
      onExit(target.executionId, nameOf(target), code);
    } else if (file !== undefined) {
      if (options.isReading()) options.onFileExit(file);
      else onExit(null, `the top level of jobs/${file}`, code);
    }
  });
  source.on('unhandledRejection', (error) => caught(error, false));
  source.on('uncaughtException', (error) => caught(error, true));
}
