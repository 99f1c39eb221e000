/** Why running steps are asked to end. What becomes of them depends on it. */
export class StopRequested extends Error {
  override readonly name = 'StopRequested';
  constructor() {
    super('somebody asked the execution to stop');
  }
}

/** The conductor ends: the execution stays as it is and another conductor, or this one's next start, goes on with it. */
export class HandedBack extends Error {
  override readonly name = 'HandedBack';
  constructor() {
    super('the process that runs jobs ends; it goes on, where it stands now, when a service takes it over');
  }
}

export class TimedOut extends Error {
  override readonly name = 'TimedOut';
  readonly what: 'step' | 'execution';
  readonly seconds: number;
  /** @param cause what the work ended with when it was told, where that says more */
  constructor(what: 'step' | 'execution', seconds: number, cause?: unknown) {
    super(`The ${what} took longer than its timeout of ${seconds} s.`, cause === undefined ? {} : { cause });
    this.what = what;
    this.seconds = seconds;
  }

  /** The same, with what came of it where that is more than the abort itself: the language's functions throw that as an AbortError. */
  endedBy(error: unknown): TimedOut {
    if (error instanceof TimedOut && error.what === this.what) return error;
    const isAbort = error instanceof Error && error.name === 'AbortError';
    return isAbort ? this : new TimedOut(this.what, this.seconds, error);
  }
}

/** A step that timed out, or failed, and did not end when it was told to: it may still be running, and nothing here can end it. */
export class LeftBehind extends Error {
  override readonly name = 'LeftBehind';
  constructor(reason: Error, graceSeconds: number) {
    super(
      `${reason.message.replace(/\.?$/, '.')} It went on for ${graceSeconds} s after its signal was aborted, and may still run: it is not tried again beside that. Let it heed ctx.signal.`,
      { cause: reason },
    );
  }
}
