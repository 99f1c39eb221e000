import type { stringify } from 'csv-stringify/sync';

import type { Json } from '../../domain/json.ts';
import { assertCsvOptions } from './csv-reader.ts';
import { itemWriter, type WriterFactory } from './factory.ts';
import { type FileFormat, FileWriter } from './file-writer.ts';
import { type FromContext, textFromContext } from './from-context.ts';
import { itemText } from './item-json.ts';

export interface CsvWriterOptions {
  /** Between fields; default: a comma. */
  readonly delimiter?: string;
  /** One ASCII character; default: `"`. */
  readonly quote?: string;
  /** The columns, in order; default: the members of the first item. */
  readonly columns?: readonly string[];
}

/**
 * Writes objects as CSV (RFC 4180, in UTF-8, lines end with LF), behind one header. Texts are written as they are, dates in
 * ISO 8601, arrays and objects as JSON, `null` and what is missing as an empty field. An item with a member that is no
 * column is an error, since it would be lost.
 *
 * A chunk is on the disk when it has been written; what a crash leaves behind the last commit is cut off when the step is
 * restarted, so each item is there once. The beginning empties the file; with `columns` a file without items has its header.
 * @param path relative to the working directory of the process that runs jobs; better absolute. Its folder must exist
 */
export function csvWriter(path: FromContext<Json>, options: CsvWriterOptions = {}): WriterFactory<object> {
  const { delimiter = ',', quote = '"' } = options;
  assertCsvOptions('csvWriter', delimiter, quote);
  return itemWriter(async (ctx) => {
    const file = await textFromContext(path, ctx, 'The path of csvWriter');
    const csv = await import('csv-stringify/sync');
    return new FileWriter(file, new CsvFileFormat(options.columns ?? null, delimiter, quote, csv.stringify));
  });
}

type Stringify = typeof stringify;

class CsvFileFormat implements FileFormat<Readonly<Record<string, unknown>>> {
  readonly closing = '';
  readonly #delimiter: string;
  readonly #quote: string;
  /** Whether the columns were named, so that the header is there before any item. */
  readonly #areNamed: boolean;
  readonly #stringify: Stringify;
  #columns: readonly string[] | null;

  constructor(columns: readonly string[] | null, delimiter: string, quote: string, csv: Stringify) {
    this.#stringify = csv;
    this.#areNamed = columns !== null;
    this.#columns = columns;
    this.#delimiter = delimiter;
    this.#quote = quote;
  }

  begin(): string {
    return this.#columns === null ? '' : this.#text([this.#columns]);
  }

  add(items: readonly Readonly<Record<string, unknown>>[], isFirst: boolean): string {
    // Columns of a chunk whose writing failed do not count.
    const hasHeader = this.#areNamed || !isFirst;
    const columns = (hasHeader ? this.#columns : null) ?? Object.keys(items[0] as object);
    if (columns.length === 0) throw new TypeError('An item without members cannot be written as CSV.');
    const known = new Set(columns);
    const rows = items.map((item) => {
      const extra = Object.keys(item).find((name) => !known.has(name));
      if (extra === undefined) return columns.map((name) => (Object.hasOwn(item, name) ? item[name] : ''));
      throw new TypeError(
        `An item has a member ${JSON.stringify(extra)}, but the columns are ${columns.join(', ')}. Name all columns with columns, or leave it out in the processor.`,
      );
    });
    this.#columns = columns;
    return this.#text(hasHeader ? rows : [columns, ...rows]);
  }

  save(): { columns: Json } {
    return { columns: this.#columns };
  }

  restore({ columns }: { readonly columns?: Json }): void {
    if (Array.isArray(columns)) this.#columns = columns as string[];
  }

  #text(rows: readonly (readonly unknown[])[]): string {
    return this.#stringify(rows as unknown[][], {
      delimiter: this.#delimiter,
      quote: this.#quote,
      escape: this.#quote,
      record_delimiter: '\n',
      // An empty line would be passed over.
      quoted_empty: rows[0]?.length === 1,
      quoted_string: false,
      // Other ends of lines, and what would be taken for a byte order mark.
      quoted_match: /[\r\ufeff]/,
      cast: {
        boolean: String,
        date: (date) => date.toISOString(),
        object: itemText,
      },
    });
  }
}
