import type { Json } from '../../domain/json.ts';
import type { ReaderFactory } from './factory.ts';
import { type FromContext, textFromContext } from './from-context.ts';
import { type JsonReaderOptions, maxRecordBytesOf } from './ndjson-reader.ts';

/**
 * Reads the elements of a file that is one JSON array, as it is or compressed by gzip, without ever holding all of it.
 * Integers beyond 2^53 are bigints.
 *
 * An element that is `null`, or that is no JSON although its brackets match, is an `ItemError` with its line; reading goes on
 * behind it. What leaves no way to tell where the next one begins (no token of JSON, invalid UTF-8 in a text, an element that
 * is too long, a missing bracket) ends the reading with file and line.
 *
 * Its checkpoint is an offset: a restart seeks there (a compressed file is unpacked up to there). A file that is shorter then,
 * or has other bytes before the place, is an error. Memory does not grow with the file.
 * @param path relative to the working directory of the process that runs jobs; better absolute
 */
export function jsonReader(path: FromContext<Json>, options: JsonReaderOptions = {}): ReaderFactory<unknown> {
  const maxRecordBytes = maxRecordBytesOf('jsonReader', options);
  return async (ctx) => {
    const { JsonElementReader } = await import('./json-element-reader.ts');
    return new JsonElementReader(await textFromContext(path, ctx, 'The path of jsonReader'), maxRecordBytes);
  };
}
