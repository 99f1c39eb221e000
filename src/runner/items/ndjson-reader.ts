import { isUtf8 } from 'node:buffer';

import type { Json } from '../../domain/json.ts';
import type { ReaderFactory } from './factory.ts';
import { filePlaceOf, FileWindow } from './file-window.ts';
import { type FromContext, textFromContext } from './from-context.ts';
import { ItemError, type ItemReader } from './item.ts';
import { parseItem } from './item-json.ts';

export interface JsonReaderOptions {
  /** The longest item, in bytes; default: 1 MiB. Twice as much memory may be taken. */
  readonly maxRecordBytes?: number;
}

/** Of a line that is too long to be kept, this much is. */
const excerptBytes = 1000;
const lineFeed = 0x0a;

/**
 * Reads newline-delimited JSON (a value a line; lines of nothing but white space are passed over), as it is or compressed by
 * gzip. Integers beyond 2^53 are bigints.
 *
 * A line that is no JSON, no valid UTF-8, `null` or too long is an `ItemError` with its line; reading goes on behind it. An
 * empty file has no items.
 *
 * Its checkpoint is an offset: a restart seeks there (a compressed file is unpacked up to there). A file that is shorter then,
 * or has other bytes before the place, is an error. Memory does not grow with the file.
 * @param path relative to the working directory of the process that runs jobs; better absolute
 */
export function ndjsonReader(path: FromContext<Json>, options: JsonReaderOptions = {}): ReaderFactory<unknown> {
  const maxRecordBytes = maxRecordBytesOf('ndjsonReader', options);
  return async (ctx) => new NdjsonReader(await textFromContext(path, ctx, 'The path of ndjsonReader'), maxRecordBytes);
}

class NdjsonReader implements ItemReader<unknown> {
  readonly #file: string;
  readonly #maxRecordBytes: number;
  #window: FileWindow | null = null;

  constructor(file: string, maxRecordBytes: number) {
    this.#file = file;
    this.#maxRecordBytes = maxRecordBytes;
  }

  async open(checkpoint: Json): Promise<void> {
    const place = checkpoint === null ? null : filePlaceOf(checkpoint);
    this.#window = await FileWindow.open(this.#file);
    if (place !== null) await this.#window.goTo(place);
  }

  async read(): Promise<unknown> {
    const window = this.#opened();
    for (;;) {
      const found = window.find(lineFeed, window.position);
      const end = found === -1 ? window.end : found;
      if (end - window.position > this.#maxRecordBytes) await this.#leaveOut();
      if (found === -1 && (await window.more())) continue;
      const line = window.slice(window.position, end);
      const text = line.toString('utf8');
      const isLast = found === -1;
      if (!/^\s*$/.test(text)) return this.#itemOf(text, line, isLast ? end : end + 1);
      window.position = isLast ? end : end + 1;
      if (isLast) return null;
    }
  }

  checkpoint(): Json {
    return this.#opened().place();
  }

  async close(): Promise<void> {
    await this.#window?.close();
    this.#window = null;
  }

  #itemOf(text: string, line: Buffer, behind: number): unknown {
    const window = this.#opened();
    const fail = (problem: string, item: string, cause?: unknown): never => {
      const position = `line ${window.line()}`;
      window.position = behind;
      throw new ItemError(`${this.#file}, ${position}: ${problem}`, { position, item: item.trim(), cause });
    };
    // What cannot be decoded becomes this character; it may also have been there.
    if (text.includes('\ufffd') && !isUtf8(line)) return fail('the line is no valid UTF-8.', line.toString('latin1'));
    let item: unknown;
    try {
      item = parseItem(text);
    } catch (error) {
      return fail(`the line is no JSON (${error instanceof Error ? error.message : String(error)}).`, text, error);
    }
    if (item === null) return fail('null is no item.', text);
    window.position = behind;
    return item;
  }

  async #leaveOut(): Promise<never> {
    const window = this.#opened();
    const position = `line ${window.line()}`;
    const begun = await window.skipLine(excerptBytes);
    throw new ItemError(
      `${this.#file}, ${position}: the line is longer than ${this.#maxRecordBytes} bytes. If items are that long, raise maxRecordBytes.`,
      { position, item: begun.toString('utf8') },
    );
  }

  #opened(): FileWindow {
    if (this.#window === null) throw new Error('The reader is not open.');
    return this.#window;
  }
}

/** @throws TypeError */
export function maxRecordBytesOf(what: string, { maxRecordBytes = 2 ** 20 }: JsonReaderOptions): number {
  if (Number.isSafeInteger(maxRecordBytes) && maxRecordBytes > 0) return maxRecordBytes;
  throw new TypeError(`maxRecordBytes of ${what} must be a positive integer, but it is ${maxRecordBytes}.`);
}
