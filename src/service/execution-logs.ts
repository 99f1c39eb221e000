import type { Instant } from '../domain/time.ts';

/** What the steps of executions have logged, wherever it is kept. */
export interface ExecutionLogs {
  /**
   * A piece of the log of an execution, or of one of its steps.
   * @param stepName `null`: all of the execution
   * @param offset where to begin, in bytes: 0 or the `nextOffset` of the piece before
   * @param limit most bytes to read; a piece never ends within a character
   */
  read(executionId: number, stepName: string | null, offset: number, limit: number): Promise<LogPiece>;
}

export interface LogPiece {
  readonly text: string;
  readonly nextOffset: number;
  /** At the moment of the reading there was nothing beyond it. */
  readonly ended: boolean;
}

/** Where no logs are kept: every log is empty. */
export const noLogs: ExecutionLogs = {
  read: async (_executionId, _stepName, offset) => ({ text: '', nextOffset: offset, ended: true }),
};

/** The folder in which logs lie, for whoever keeps it in order. */
export interface ExecutionLogFolder {
  /** Some of what lies there, from behind those that were given last; all in turn, then from the beginning again. */
  some(limit: number): Promise<readonly LogFile[]>;
  /** Removes the log of an execution and those of its steps. */
  remove(executionId: number): Promise<void>;
}

export interface LogFile {
  readonly executionId: number;
  /** By the machine's clock. */
  readonly writtenAt: Instant;
}
