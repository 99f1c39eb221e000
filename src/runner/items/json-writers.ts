import type { Json } from '../../domain/json.ts';
import { itemWriter, type WriterFactory } from './factory.ts';
import { type FileFormat, FileWriter } from './file-writer.ts';
import { type FromContext, textFromContext } from './from-context.ts';
import { itemText } from './item-json.ts';

/**
 * Writes newline-delimited JSON, one item a line; bigints as numbers. A chunk is on the disk when it has been written; what a
 * crash leaves behind the last commit is cut off when the step is restarted, so each item is there once. The beginning empties
 * the file.
 * @param path relative to the working directory of the process that runs jobs; better absolute. Its folder must exist
 */
export function ndjsonWriter(path: FromContext<Json>): WriterFactory<unknown> {
  return itemWriter(async (ctx) => {
    const file = await textFromContext(path, ctx, 'The path of ndjsonWriter');
    return new FileWriter(file, { ...stateless, begin: () => '', add: linesOf, closing: '' });
  });
}

/**
 * Writes one JSON array, one item a line. The file is a whole JSON text after each chunk; for the rest it is as
 * `ndjsonWriter`.
 */
export function jsonWriter(path: FromContext<Json>): WriterFactory<unknown> {
  return itemWriter(async (ctx) => {
    const file = await textFromContext(path, ctx, 'The path of jsonWriter');
    return new FileWriter(file, { ...stateless, begin: () => '[', add: elementsOf, closing: '\n]\n' });
  });
}

const stateless: Pick<FileFormat<unknown>, 'save' | 'restore'> = { save: () => ({}), restore: () => {} };

function linesOf(items: readonly unknown[]): string {
  return items.map((item) => `${itemText(item)}\n`).join('');
}

function elementsOf(items: readonly unknown[], isFirst: boolean): string {
  return (isFirst ? '\n' : ',\n') + items.map(itemText).join(',\n');
}
