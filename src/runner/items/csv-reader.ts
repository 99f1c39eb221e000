import { createHash } from 'node:crypto';

import { isJsonObject, type Json } from '../../domain/json.ts';
import { quoteBriefly } from '../../domain/names.ts';
import type { CsvFormat, CsvRows } from './csv-rows.ts';
import type { ReaderFactory } from './factory.ts';
import { filePlaceOf, FileWindow } from './file-window.ts';
import { type FromContext, textFromContext } from './from-context.ts';
import { ItemError, type ItemReader } from './item.ts';

export interface CsvReaderOptions {
  /** Between fields; default: a comma. */
  readonly delimiter?: string;
  /** One ASCII character; default: `"`. Within a quoted field it is written twice. */
  readonly quote?: string;
  /** The names of the columns of a file that has no header. Default: the first row is the header. */
  readonly columns?: readonly string[];
  /** Default: `utf8`, of which every row is checked. */
  readonly encoding?: 'utf8' | 'latin1';
  /** The longest row, in bytes; default: 1 MiB. Twice as much memory may be taken. */
  readonly maxRecordBytes?: number;
}

/** By the names of the columns. */
export type CsvRow = Record<string, string>;

/**
 * Reads a CSV file (RFC 4180; lines end with LF, CR or both; a byte order mark, and lines that are empty, are passed over),
 * as it is or compressed by gzip. An item is an object of texts by the names of the columns.
 *
 * A row with another number of fields than the header, a misplaced quote, a row that is no valid UTF-8 or too long is an
 * `ItemError` with its line; reading goes on behind it. Other errors end the reading: no such file, an empty one (one that has
 * but a header has no items), a header that has a name twice.
 *
 * Its checkpoint is an offset: a restart seeks there (a compressed file is unpacked up to there). A file that is shorter then,
 * or has another header, or other bytes before the place, is an error. Memory does not grow with the file.
 * @param path relative to the working directory of the process that runs jobs; better absolute
 */
export function csvReader(path: FromContext<Json>, options: CsvReaderOptions = {}): ReaderFactory<CsvRow> {
  const format = formatOf(options);
  const columns = options.columns === undefined ? null : checkedColumns(options.columns, 'The columns of csvReader');
  return async (ctx) => {
    const file = await textFromContext(path, ctx, 'The path of csvReader');
    const { CsvRows: Rows } = await import('./csv-rows.ts');
    const rowsOf = (window: FileWindow): CsvRows => new Rows(window, format);
    return new CsvReader(file, columns, { delimiter: format.delimiter, rowsOf }, (hint) => ctx.logger.warn(hint));
  };
}

/** What others put between fields. */
const otherDelimiters = [',', ';', '\t', '|'];

interface RowFormat extends Pick<CsvFormat, 'delimiter'> {
  readonly rowsOf: (window: FileWindow) => CsvRows;
}

class CsvReader implements ItemReader<CsvRow> {
  readonly #file: string;
  readonly #columns: readonly string[] | null;
  readonly #format: RowFormat;
  readonly #hint: (text: string) => void;
  #window: FileWindow | null = null;
  #rows: CsvRows | null = null;
  #header: readonly string[] = [];
  #toRow: (fields: readonly string[]) => CsvRow = () => ({});

  constructor(file: string, columns: readonly string[] | null, format: RowFormat, hint: (text: string) => void) {
    this.#hint = hint;
    this.#file = file;
    this.#columns = columns;
    this.#format = format;
  }

  async open(checkpoint: Json): Promise<void> {
    this.#window = await FileWindow.open(this.#file);
    this.#rows = this.#format.rowsOf(this.#window);
    this.#header = this.#columns ?? (await this.#readHeader(this.#rows));
    this.#toRow = rowMaker(this.#header);
    this.#hintAtDelimiter();
    if (checkpoint === null) return;
    const place = filePlaceOf(checkpoint);
    if (!isJsonObject(checkpoint) || checkpoint['header'] !== digestOf(this.#header)) {
      throw this.#window.changed(
        `its header is another one, ${JSON.stringify(this.#header.join(this.#format.delimiter))}`,
      );
    }
    await this.#window.goTo(place);
    this.#rows = this.#format.rowsOf(this.#window);
  }

  read(): CsvRow | Promise<CsvRow | null> {
    const [window, rows] = this.#opened();
    const before = window.position;
    const fields = rows.take();
    if (fields !== null) return this.#rowOf(fields, before);
    return rows.next().then((later) => (later === null ? null : this.#rowOf(later, before)));
  }

  /** A file with another delimiter is no broken one: each of its rows is read as one field. */
  #hintAtDelimiter(): void {
    const [only = '', ...others] = this.#header;
    const found = otherDelimiters.find((delimiter) => only.includes(delimiter));
    if (this.#columns !== null || others.length > 0 || found === undefined) return;
    this.#hint(
      `${this.#file} has one column, ${quoteBriefly(only)}. If these are several, say csvReader(path, { delimiter: ${JSON.stringify(found)} }).`,
    );
  }

  /** @param before where the row begins, or the empty lines before it */
  #rowOf(fields: readonly string[], before: number): CsvRow {
    if (fields.length === this.#header.length) return this.#toRow(fields);
    const [window] = this.#opened();
    const end = window.position;
    window.position = before;
    window.skipLineEnds();
    const position = `line ${window.line()}`;
    window.position = end;
    throw new ItemError(
      `${this.#file}, ${position}: the row has ${fields.length} fields, but there are ${this.#header.length} columns.`,
      { position, item: fields },
    );
  }

  checkpoint(): Json {
    const [window] = this.#opened();
    return { ...window.place(), header: digestOf(this.#header) };
  }

  async close(): Promise<void> {
    await this.#window?.close();
    this.#window = null;
  }

  #opened(): [FileWindow, CsvRows] {
    if (this.#window === null || this.#rows === null) throw new Error('The reader is not open.');
    return [this.#window, this.#rows];
  }

  async #readHeader(rows: CsvRows): Promise<readonly string[]> {
    const header = await rows.next().catch((error: unknown) => {
      const said = error instanceof ItemError ? error.message : `${this.#file}: ${String(error)}`;
      throw new Error(`The header cannot be read. ${said}`, { cause: error });
    });
    if (header !== null) return checkedColumns(header, `The header of ${this.#file}`);
    throw new Error(`${this.#file} is empty: not even a header is in it. Name the columns if the file has none.`);
  }
}

/** A loop rather than `fromEntries`: it is done for each row. */
function rowMaker(header: readonly string[]): (fields: readonly string[]) => CsvRow {
  if (header.includes('__proto__')) {
    return (fields) => Object.fromEntries(header.map((name, index) => [name, fields[index] as string]));
  }
  return (fields) => {
    const row: CsvRow = {};
    for (let index = 0; index < header.length; index++) row[header[index] as string] = fields[index] as string;
    return row;
  };
}

/** @throws Error naming the column that is there twice */
function checkedColumns(columns: readonly string[], what: string): readonly string[] {
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (columns.length === 0) throw new Error(`${what} name nothing.`);
  if (twice === undefined) return columns;
  throw new Error(
    `${what} names ${JSON.stringify(twice)} twice (columns ${columns.indexOf(twice) + 1} and ${columns.lastIndexOf(twice) + 1}): one of the two would be lost. Rename one of them.`,
  );
}

function formatOf({
  delimiter = ',',
  quote = '"',
  encoding = 'utf8',
  maxRecordBytes = 2 ** 20,
}: CsvReaderOptions): CsvFormat {
  assertCsvOptions('csvReader', delimiter, quote);
  if (!Number.isSafeInteger(maxRecordBytes) || maxRecordBytes < 1) {
    throw new TypeError(`maxRecordBytes of csvReader must be a positive integer, but it is ${maxRecordBytes}.`);
  }
  return { delimiter, quote, encoding, maxRecordBytes };
}

/** @throws TypeError naming the option that would make the file ambiguous */
export function assertCsvOptions(what: string, delimiter: string, quote: string): void {
  if (!/^[\x21-\x7e]$/.test(quote)) {
    throw new TypeError(`The quote of ${what} must be one ASCII character, but it is ${JSON.stringify(quote)}.`);
  }
  if (delimiter === '' || /[\r\n]/.test(delimiter) || delimiter.includes(quote)) {
    throw new TypeError(`The delimiter of ${what} may not be ${JSON.stringify(delimiter)}.`);
  }
}

function digestOf(header: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(header)).digest('base64').slice(0, 16);
}
