import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

import { CommandFailure, exits } from './exit-codes.ts';

/** A file that appears as a whole or not at all: whoever reads it never sees a part. */
export interface OutputFile {
  /** @throws CommandFailure when the disk refuses */
  write(text: string): void;
  discard(): void;
}

/**
 * Makes sure, before anything is changed elsewhere, that the file can be written: a batch whose parameters are then lost
 * would have to be failed by hand.
 * @throws CommandFailure usage
 */
export function prepareOutput(folder: string, file: string): OutputFile {
  const target = path.resolve(folder, file);
  const draft = `${target}.${process.pid}.tmp`;
  let descriptor: number;
  try {
    rmSync(draft, { force: true });
    descriptor = openSync(draft, 'wx');
  } catch (cause) {
    throw new CommandFailure(
      exits.usage,
      `${file} cannot be written: ${(cause as Error).message}. Nothing was opened.`,
      { cause },
    );
  }
  const discard = (): void => rmSync(draft, { force: true });
  return {
    discard: () => {
      closeSync(descriptor);
      discard();
    },
    write: (text) => {
      try {
        const bytes = Buffer.from(text);
        for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
        fsyncSync(descriptor);
        closeSync(descriptor);
        renameSync(draft, target);
      } catch (cause) {
        discard();
        throw new CommandFailure(
          exits.failed,
          `${file} cannot be written: ${(cause as Error).message}. The batch is open: mend the cause and open again (the same window is run again), or fail it.`,
          { cause },
        );
      }
    },
  };
}
