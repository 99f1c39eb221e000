import { styleText } from 'node:util';

/** Where a command writes: results to `out`, all else to `err`, so that a script can tell them apart. */
export interface Terminal {
  /** One line, or several, of the result. */
  out(text: string): void;
  /** Text of the result exactly as it is, no line break added. */
  raw(text: string): void;
  /** A remark for people. */
  err(text: string): void;
  /** A line that the next one overwrites on a terminal; elsewhere nothing. `null` ends it. */
  progress(text: string | null): void;
  /** Whether a progress line is seen by anybody. */
  readonly showsProgress: boolean;
  /** Whether results go to a screen, where a long text is cut. What is piped, or kept in a file, is whole. */
  readonly cutsLongTexts: boolean;
  paint(style: Style, text: string): string;
}

/** The one of this process. */
export interface ProcessTerminal extends Terminal {
  /**
   * Resolves when all that was handed to `out` is written, or cannot be.
   * @returns whether it is; a pipe that its reader has closed is as good as written, for the reader had what it wanted
   */
  settled(): Promise<boolean>;
}

export type Style = 'green' | 'red' | 'yellow' | 'dim' | 'bold';

export interface TerminalStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Colours only on a terminal, and not where NO_COLOR says so: `styleText` looks at both. */
export function createTerminal({ stdout, stderr }: TerminalStreams): ProcessTerminal {
  let inProgress = false;
  /** Whether what could not be written is missed by anybody; `null` as long as all could. What comes after the first error says no more. */
  let isLost: boolean | null = null;
  const failed = Promise.withResolvers<void>();
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isLost !== null) return;
    // `batchy history wf | head` closes the pipe early; that is no error.
    isLost = error.code !== 'EPIPE';
    if (isLost) stderr.write(`batchy: the output cannot be written (${error.message}).\n`);
    failed.resolve();
  });
  // Nowhere to tell it.
  stderr.on('error', () => {});
  const endProgress = (): void => {
    if (inProgress) stderr.write('\n');
    inProgress = false;
  };
  return {
    out: (text) => {
      stdout.write(`${text}\n`);
    },
    raw: (text) => {
      stdout.write(text);
    },
    err: (text) => {
      endProgress();
      stderr.write(`${text}\n`);
    },
    progress: (text) => {
      if (!stderr.isTTY) return;
      if (text === null) return endProgress();
      stderr.write(`\r\u001b[K${text}`);
      inProgress = true;
    },
    showsProgress: stderr.isTTY,
    cutsLongTexts: stdout.isTTY,
    paint: (style, text) => styleText(style, text, { stream: stdout }),
    async settled() {
      // An error is told of after the call that it belongs to, and calls after it may never be answered.
      const written = new Promise((resolve) => {
        stdout.write('', () => setImmediate(resolve));
      });
      await Promise.race([written, failed.promise]);
      return isLost !== true;
    },
  };
}

/** Text from elsewhere made harmless for a terminal: control characters, which could rewrite the screen, are spelled out. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is replaced
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
