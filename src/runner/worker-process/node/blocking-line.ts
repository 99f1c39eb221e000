import { readSync, writeSync } from 'node:fs';

import { parseJson } from '../../../domain/json.ts';

/** A line of JSON messages on a descriptor, for a process that stands still until it is answered. */
export interface BlockingLine {
  /** @throws Error when nobody listens any more */
  send(message: object): void;
  /** Waits for the next message. @throws Error when there will be none */
  receive(): unknown;
}

const newline = 0x0a;
/** Nobody notifies it: waiting for it is standing still for a while. */
const never = new Int32Array(new SharedArrayBuffer(4));
const pauseMilliseconds = 1;

export function openBlockingLine(descriptor: number): BlockingLine {
  const buffer = Buffer.alloc(64 * 1024);
  let rest = Buffer.alloc(0);

  const gone = (cause?: unknown): Error =>
    new Error('The process that runs jobs does not answer any more.', cause === undefined ? {} : { cause });
  return {
    send(message) {
      const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
      for (let sent = 0; sent < bytes.length;)
        try {
          sent += persistently(() => writeSync(descriptor, bytes, sent));
        } catch (error) {
          throw gone(error);
        }
    },
    receive() {
      const pieces = [rest];
      let bytes = rest;
      let end = bytes.indexOf(newline);
      while (end === -1) {
        const count = persistently(() => readSync(descriptor, buffer, 0, buffer.length, null));
        if (count === 0) throw gone();
        const piece = Buffer.from(buffer.subarray(0, count));
        pieces.push(piece);
        if (!piece.includes(newline)) continue;
        bytes = Buffer.concat(pieces);
        end = bytes.indexOf(newline);
      }
      rest = bytes.subarray(end + 1);
      return parseJson(bytes.toString('utf8', 0, end));
    },
  };
}

/** The descriptor blocks as we are given it; should somebody have changed that, it says when to come again. */
function persistently(call: () => number): number {
  for (;;) {
    try {
      return call();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EINTR') continue;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(never, 0, 0, pauseMilliseconds);
    }
  }
}
