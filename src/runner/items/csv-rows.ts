import { isUtf8 } from 'node:buffer';
import { finished } from 'node:stream/promises';

import { type CsvError, Parser } from 'csv-parse';

import type { FileWindow } from './file-window.ts';
import { ItemError } from './item.ts';

export interface CsvFormat {
  readonly delimiter: string;
  readonly quote: string;
  readonly encoding: 'utf8' | 'latin1';
  readonly maxRecordBytes: number;
}

/** Of a row that is too long to be kept, this much is. */
const excerptBytes = 1000;

/**
 * The rows of a file from the window's position on, each as the texts of its fields. csv-parse does the work, block by block;
 * here is known where each row begins and ends, and how to go on behind one that it cannot read.
 *
 * Such a row is left out to the end of the line that it begins on, and reading goes on with the next line. So a quote that is
 * not closed costs the line that it stands on, rather than all that follows.
 */
export class CsvRows {
  readonly #window: FileWindow;
  readonly #format: CsvFormat;
  #parser: Parser;
  /** The offset of the first byte that the parser was given. */
  #parserStart: number;
  /** The offset up to which the parser has been given the file. */
  #fed: number;
  /** Rows that the parser has found and that were not asked for yet, with the offsets of their ends. */
  #rows: string[][] = [];
  #ends: number[] = [];
  #next = 0;
  /** Why the parser cannot go on behind the rows found. */
  #problem: string | null = null;
  #finished = false;
  /** Whether all rows found are known to be valid text. */
  #areTexts = true;

  constructor(window: FileWindow, format: CsvFormat) {
    this.#window = window;
    this.#format = format;
    this.#parserStart = this.#fed = window.position;
    this.#parser = this.#startParser();
  }

  /** The next row if it is there already and nothing is wrong with it; else `next` has to be asked. */
  take(): string[] | null {
    const row = this.#rows[this.#next];
    if (row === undefined || !this.#areTexts) return null;
    const end = this.#ends[this.#next] as number;
    if (end - this.#window.position > this.#format.maxRecordBytes) return null;
    this.#next++;
    this.#window.position = end;
    return row;
  }

  /**
   * The next row, `null` at the end. The window's position is behind it then.
   * @throws ItemError for a row that cannot be read; the next call goes on behind it
   */
  async next(): Promise<string[] | null> {
    for (;;) {
      const sound = this.take();
      if (sound !== null) return sound;
      const row = this.#rows[this.#next];
      if (row !== undefined) {
        const end = this.#ends[this.#next] as number;
        if (end - this.#window.position > this.#format.maxRecordBytes) return this.#leaveOut(this.#tooLong());
        this.#assertText(end);
        this.#next++;
        this.#window.position = end;
        return row;
      }
      if (this.#problem !== null) return this.#leaveOut(this.#problem);
      if (this.#fed - this.#window.position > this.#format.maxRecordBytes) return this.#leaveOut(this.#tooLong());
      if (this.#finished) return null;
      await this.#parseMore();
    }
  }

  async #parseMore(): Promise<void> {
    const window = this.#window;
    this.#forgetRows();
    window.skipLineEnds();
    if (this.#fed < window.end || (await window.more())) {
      const bytes = window.slice(this.#fed, window.end);
      this.#fed = window.end;
      const { promise, resolve } = Promise.withResolvers<Error | null | undefined>();
      this.#parser.write(bytes, resolve);
      this.#note(await promise);
    } else {
      this.#finished = true;
      this.#parser.end();
      await finished(this.#parser.resume()).catch((error: unknown) => this.#note(error as CsvError));
    }
    const end = this.#ends.at(-1);
    this.#areTexts =
      this.#format.encoding !== 'utf8' || end === undefined || isUtf8(window.slice(window.position, end));
  }

  /** The row at the window's position is skipped, up to the end of its line. */
  async #leaveOut(reason: string): Promise<never> {
    const { position, text } = await this.#skipLine();
    throw new ItemError(`${this.#window.file}, ${position}: ${reason}`, { position, item: text });
  }

  async #skipLine(): Promise<{ position: string; text: string }> {
    const window = this.#window;
    window.skipLineEnds();
    const position = `line ${window.line()}`;
    const line = await window.skipLine(this.#format.maxRecordBytes);
    const kept = line.length < this.#format.maxRecordBytes ? line : line.subarray(0, excerptBytes);
    this.#parserStart = this.#fed = window.position;
    this.#parser.destroy();
    this.#parser = this.#startParser();
    this.#forgetRows();
    this.#problem = null;
    this.#finished = false;
    return { position, text: kept.toString(this.#format.encoding).trimEnd() };
  }

  #assertText(end: number): void {
    const window = this.#window;
    const bytes = window.slice(window.position, end);
    if (isUtf8(bytes)) return;
    window.skipLineEnds();
    const position = `line ${window.line()}`;
    window.position = end;
    this.#next++;
    // In a text of one byte a character nothing of the row is lost, and most such files are in one.
    const item = bytes.toString('latin1').trim();
    throw new ItemError(
      `${window.file}, ${position}: the row is no valid UTF-8. If all of the file is in Latin-1, say encoding: 'latin1'.`,
      { position, item },
    );
  }

  #tooLong(): string {
    return (
      `the row is longer than ${this.#format.maxRecordBytes} bytes. If a quote is opened and not closed there, mend it; ` +
      'if rows are that long, raise maxRecordBytes.'
    );
  }

  #forgetRows(): void {
    this.#rows = [];
    this.#ends = [];
    this.#next = 0;
  }

  #note(error: Error | null | undefined): void {
    if (error === null || error === undefined) return;
    const { code } = error as CsvError;
    const meaning = quoteProblems[code ?? ''];
    // Anything else is no fault of the row.
    if (meaning === undefined) throw error;
    this.#problem = meaning;
  }

  #startParser(): Parser {
    const { delimiter, quote, encoding } = this.#format;
    const parser: Parser = new Parser({
      delimiter,
      quote,
      escape: quote,
      encoding,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      // Nothing is left for the stream to hold.
      on_record: (row: string[], { bytes }) => {
        this.#rows.push(row);
        this.#ends.push(this.#parserStart + bytes);
        return null;
      },
    });
    // Errors come to whoever wrote; without a listener the process would end.
    parser.on('error', () => {});
    return parser;
  }
}

const quoteProblems: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and not closed.',
  CSV_INVALID_CLOSING_QUOTE:
    'a quoted field goes on behind its closing quote. A quote within a quoted field is written twice.',
  INVALID_OPENING_QUOTE:
    'there is a quote within a field that does not begin with one. Such a field is quoted, and the quote in it written twice.',
};
