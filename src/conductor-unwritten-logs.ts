import { type Stats, statSync } from 'node:fs';
import path from 'node:path';

import { whyNotWritable } from './config/data-folder.ts';
import type { LogLines, LogSink } from './runner/log-files.ts';

/** So many files are remembered of which it was told. */
const mostTold = 1000;

/**
 * Tells of logs that are lost. To write one never fails, since a step must not, so it is looked whether its file has grown.
 * @param maxBytes what the files may grow to
 * @param tell once, until another log could be written; and of each file once
 */
export function tellOfUnwrittenLogs(files: LogSink, maxBytes: number, tell: (problem: string) => void): LogSink {
  /** Of those that are open, after what was appended last. */
  const sizes = new Map<string, number>();
  const told = new Set<string>();
  let isFailing = false;

  /** @returns whether it may be expected to grow */
  function isToGrow({ file, text, isForeign }: LogLines, before: number): boolean {
    if (text === '' || before === Number.POSITIVE_INFINITY) return false;
    // Somebody's own may be moved away meanwhile, and grow beyond any size: its beginning tells enough.
    return isForeign ? !sizes.has(file) : before < maxBytes;
  }

  function judge(file: string, before: number, after: number): void {
    if (after > before) isFailing = false;
    // One that has become shorter was taken away, or emptied, by somebody who wanted that.
    if (after !== before) return;
    if (told.has(file)) return;
    if (told.size >= mostTold) told.clear();
    told.add(file);
    if (isFailing) return;
    isFailing = true;
    const why = whyNotWritable(path.dirname(file)) ?? 'the disk may be full, or the file not be this user’s';
    tell(`The log ${file} cannot be written: ${why}. Steps go on, and what they log is lost until that is mended.`);
  }

  return {
    append(lines) {
      const { file, isLast } = lines;
      const before = sizes.get(file) ?? sizeOf(file);
      const grows = isToGrow(lines, before);
      files.append(lines);
      const after = grows ? sizeOf(file) : before;
      if (grows) judge(file, before, after);
      if (isLast) sizes.delete(file);
      else sizes.set(file, after);
    },
    flush: () => files.flush(),
  };
}

/** Infinite where it is nothing that grows, such as a terminal; 0 where there is no file. */
function sizeOf(file: string): number {
  let found: Stats | undefined;
  try {
    found = statSync(file, { throwIfNoEntry: false });
  } catch {
    return 0;
  }
  if (found === undefined || found.isDirectory()) return 0;
  return found.isFile() ? found.size : Number.POSITIVE_INFINITY;
}
