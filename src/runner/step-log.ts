import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';

import type { Instant } from '../domain/time.ts';
import { createLogFiles, type LogLines, type LogSink } from './log-files.ts';
import { linesOf, type LogLevel, marked, stamp } from './log-text.ts';

export type { LogLevel };

/** The log of one step of an execution, or of the execution itself. Never throws: a full disk must not fail a step. */
export interface StepLog {
  /** One line for each line of the text, with the time. */
  write(level: LogLevel, text: string): void;
  /**
   * As `write`, of what goes without saying: it stands in a step's own log only beside something that was written. Most steps of
   * most jobs log nothing, and a file for each costs more than running it.
   */
  note(level: LogLevel, text: string): void;
  close(): void;
}

export interface LogPiece {
  /** Whole lines, where there are any. */
  readonly text: string;
  /** Where to go on, in bytes. */
  readonly nextOffset: number;
  /** At the moment of the reading there was nothing beyond it. */
  readonly ended: boolean;
}

export interface Logs {
  /**
   * Appends to what is there. What a step logs appears in the execution's log, too.
   * @param stepName `null`: of the execution
   * @param alsoTo a file to which the step's own log is appended as well
   */
  open(executionId: number, stepName: string | null, alsoTo?: string | null): StepLog;
  /** Reads from a byte on, about `limit` bytes. A log that nobody has begun is empty. */
  read(executionId: number, stepName: string | null, offset: number, limit: number): Promise<LogPiece>;
  /** Writes what was gathered, at once: the process ends. */
  flush(): void;
}

export interface LogsOptions {
  /** `<folder>/<execution>.log` and `<folder>/<execution>/<step>.log`. Made when the first line is written. */
  readonly folder: string;
  readonly now: () => Instant;
  /** What a log may grow to, in bytes. */
  readonly maxBytes?: number;
  /** What writes them, up to so many bytes: this process at once, unless told. */
  readonly sink?: LogSink;
}

export const defaultMaxBytes = 16 * 1024 * 1024;
/** Lines are gathered up to so many bytes, or for so long: most small jobs have ended by then. */
const gatheredBytes = 64 * 1024;
const gatheredMilliseconds = 20;
const longestFileName = 150;
/** That are kept for a step that may yet log something: as many attempts as anybody looks at. */
const mostNotes = 100;

/** Logs as files in a folder: one process appends, any may read. */
export function createLogs({ folder, now, maxBytes = defaultMaxBytes, ...given }: LogsOptions): Logs {
  const where: Where = { sink: given.sink ?? createLogFiles(maxBytes), maxBytes };
  /** Of an execution and its steps together: opening a file costs more than all that most of them write. */
  const shared = new Map<string, { readonly log: LogFile; users: number }>();
  const soon = createFlushing();
  const appending = (file: string, isForeign = false): LogFile => {
    const kept = shared.get(file) ?? { log: appendTo({ file, isForeign }, where, soon), users: 0 };
    shared.set(file, kept);
    kept.users += 1;
    let isOpen = true;
    return {
      write(level, text, at) {
        if (isOpen) kept.log.write(level, text, at);
      },
      isFull: () => kept.log.isFull(),
      flush: () => kept.log.flush(),
      close() {
        if (!isOpen) return;
        isOpen = false;
        kept.users -= 1;
        if (kept.users > 0) return;
        kept.log.close();
        shared.delete(file);
      },
    };
  };
  return {
    open(executionId, stepName, alsoTo = null) {
      const whole = appending(path.join(folder, logPath(executionId, null)));
      if (stepName === null)
        return {
          write: (level, text) => whole.write(level, text, now()),
          note: (level, text) => whole.write(level, text, now()),
          close: () => whole.close(),
        };
      // Most steps log nothing of their own.
      let own: LogFile | null = null;
      let isOpen = true;
      const ownLog = (): LogFile =>
        (own ??= together(
          appending(path.join(folder, logPath(executionId, stepName))),
          alsoTo === null ? null : appending(alsoTo, true),
        ));
      let noted: Parameters<LogFile['write']>[] | null = [];
      const sayBoth = (level: LogLevel, text: string, at: Instant): void => {
        // A flood of output costs no more than to read it.
        if (!whole.isFull()) whole.write(level, marked(text, stepName), at);
      };
      return {
        write(level, text) {
          // What a step has left behind may log after its end.
          if (!isOpen) return;
          const at = now();
          for (const line of noted ?? []) ownLog().write(...line);
          noted = null;
          ownLog().write(level, text, at);
          sayBoth(level, text, at);
        },
        note(level, text) {
          if (!isOpen) return;
          const at = now();
          if (noted === null) ownLog().write(level, text, at);
          else if (noted.length < mostNotes) noted.push([level, text, at]);
          sayBoth(level, text, at);
        },
        close() {
          isOpen = false;
          own?.close();
          whole.close();
        },
      };
    },
    flush() {
      for (const { log } of shared.values()) log.flush();
      where.sink.flush();
    },
    async read(executionId, stepName, offset, limit) {
      const file = await open(path.join(folder, logPath(executionId, stepName))).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      });
      if (file === null) return { text: '', nextOffset: offset, ended: true };
      try {
        const { size } = await file.stat();
        const buffer = Buffer.alloc(Math.max(0, Math.min(limit, size - offset)));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
        const whole = wholeLines(buffer.subarray(0, bytesRead));
        const nextOffset = offset + whole.length;
        return { text: whole.toString('utf8'), nextOffset, ended: nextOffset >= size };
      } finally {
        await file.close();
      }
    },
  };
}

/** A line that is not written to its end yet is read the next time; one longer than the page is cut between characters. */
function wholeLines(bytes: Buffer): Buffer {
  const end = bytes.lastIndexOf(0x0a);
  if (end !== -1) return bytes.subarray(0, end + 1);
  let cut = bytes.length;
  // Continuation bytes of UTF-8 are 10xxxxxx: the character that they belong to may go on behind the page.
  while (cut > 0 && cut > bytes.length - 4 && ((bytes[cut - 1] as number) & 0xc0) === 0x80) cut -= 1;
  return bytes.subarray(0, cut > 0 && (bytes[cut - 1] as number) >= 0xc0 ? cut - 1 : bytes.length);
}

/** Where a log lies in the folder of logs. Two steps never share a file, whatever their names hold. */
export function logPath(executionId: number, stepName: string | null): string {
  return stepName === null ? `${executionId}.log` : path.join(String(executionId), `${fileName(stepName)}.log`);
}

function fileName(stepName: string): string {
  // Dots are encoded, too, so that no name means a folder.
  const encoded = encodeURIComponent(stepName.toWellFormed()).replaceAll(
    /[.!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (encoded.length <= longestFileName && stepName.isWellFormed()) return encoded;
  // A doubled percent sign is in no encoded name.
  const hash = createHash('sha256').update(stepName, 'utf16le').digest('hex');
  return `${encoded.slice(0, longestFileName - 70)}%%${hash}`;
}

function together(one: LogFile, other: LogFile | null): LogFile {
  if (other === null) return one;
  return {
    write(level, text, at) {
      one.write(level, text, at);
      other.write(level, text, at);
    },
    isFull: () => one.isFull() && other.isFull(),
    flush() {
      one.flush();
      other.flush();
    },
    close() {
      one.close();
      other.close();
    },
  };
}

interface LogFile {
  write(level: LogLevel, text: string, at: Instant): void;
  /** Whatever comes is left out. */
  isFull(): boolean;
  flush(): void;
  close(): void;
}

/** Flushes what was gathered, soon, unless it was flushed before. */
interface Flushing {
  ask(flush: () => void): void;
  isDone(flush: () => void): void;
}

/** One timer for all logs: to set and to clear one for each costs more than most of them write. */
function createFlushing(): Flushing {
  const waiting = new Set<() => void>();
  let isSet = false;
  return {
    ask(flush) {
      waiting.add(flush);
      if (isSet) return;
      isSet = true;
      setTimeout(() => {
        isSet = false;
        for (const each of waiting) each();
      }, gatheredMilliseconds);
    },
    isDone: (flush) => void waiting.delete(flush),
  };
}

/** @param maxBytes after which nothing more is handed on: the sink, which knows what was there before, has left it out by then */
function appendTo(to: Pick<LogLines, 'file' | 'isForeign'>, { sink, maxBytes }: Where, soon: Flushing): LogFile {
  let gathered = '';
  let handedOn = 0;
  let lastAt: Instant = 0n;
  let isOpen = true;

  function handOn(isLast: boolean): void {
    soon.isDone(flush);
    if (gathered === '' && !(isLast && handedOn > 0)) return;
    sink.append({ ...to, text: gathered, prefix: `${stamp(lastAt)} WARN  `, isLast });
    handedOn += gathered.length;
    gathered = '';
  }
  const flush = (): void => handOn(false);
  const isFull = (): boolean => handedOn > maxBytes;

  return {
    flush,
    isFull,
    write(level, text, at) {
      if (!isOpen || isFull()) return;
      lastAt = at;
      gathered += linesOf(level, text, at);
      if (gathered.length >= gatheredBytes) flush();
      else soon.ask(flush);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      handOn(true);
    },
  };
}

interface Where {
  readonly sink: LogSink;
  readonly maxBytes: number;
}
