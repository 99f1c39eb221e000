import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';

import { makeFolder } from './make-folder.ts';

/** What is to be appended to a log. */
export interface LogLines {
  /** Made, with its folder, when the first come. */
  readonly file: string;
  /** Whole lines. */
  readonly text: string;
  /** How a line begins that is written now. */
  readonly prefix: string;
  /** Somebody's own file, to which runs append for years: what was there before counts nothing. */
  readonly isForeign: boolean;
  /** Nothing follows, so that the file need not stay open. */
  readonly isLast: boolean;
}

/** Where logs are written. A log that cannot be written stops no step: nothing here throws. */
export interface LogSink {
  append(lines: LogLines): void;
  /** Returns when what was appended is written. */
  flush(): void;
}

/** Longer lines are cut into several. */
export const longestLine = 16 * 1024;

interface OpenFile {
  readonly descriptor: number;
  size: number;
}

/** Appends to files. @param maxBytes what each may grow to; what one that is foreign may grow by, as long as it is open */
export function createLogFiles(maxBytes: number): LogSink {
  /** `null`: what comes for it is left out. */
  const files = new Map<string, OpenFile | null>();

  function write(lines: LogLines): void {
    const known = files.get(lines.file);
    if (known === null) return;
    try {
      const file = known ?? openToAppend(lines);
      files.set(lines.file, file);
      const bytes = Buffer.from(lines.text);
      if (file.size + bytes.length <= maxBytes) {
        file.size += writeSync(file.descriptor, bytes);
        return;
      }
      const room = bytes.lastIndexOf(0x0a, Math.max(0, maxBytes - file.size - 1)) + 1;
      if (file.size + room < maxBytes + 1 && file.size < maxBytes + longestLine)
        writeSync(
          file.descriptor,
          Buffer.concat([
            bytes.subarray(0, room),
            Buffer.from(`${lines.prefix}the log has reached ${maxBytes} bytes; what follows is left out\n`),
          ]),
        );
      leave(lines.file);
    } catch {
      // Nowhere to tell it.
      leave(lines.file);
    }
  }

  /** Nothing more is written to it before it is closed. */
  function leave(file: string): void {
    const open = files.get(file);
    files.set(file, null);
    if (open !== null && open !== undefined) close(open);
  }

  return {
    append(lines) {
      if (lines.text !== '') write(lines);
      if (!lines.isLast) return;
      const open = files.get(lines.file);
      files.delete(lines.file);
      if (open !== null && open !== undefined) close(open);
    },
    flush() {},
  };
}

function close({ descriptor }: OpenFile): void {
  try {
    closeSync(descriptor);
  } catch {
    // What could not be written is lost, as above.
  }
}

/** With its size, which is only asked for where there is a file: most are new. What another process still appends is not counted. */
function openToAppend({ file, isForeign }: LogLines): OpenFile {
  try {
    return { descriptor: openSync(file, 'ax'), size: 0 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') makeFolder(path.dirname(file));
    const descriptor = openSync(file, 'a');
    return { descriptor, size: isForeign ? 0 : fstatSync(descriptor).size };
  }
}
