import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';

/**
 * A file that is written at its end and cut back to a length that was committed.
 *
 * A write is on the disk when it returns. One that fails, or whose process dies before its chunk is committed, leaves bytes
 * behind the committed length: the next write, or the next opening, cuts them off. So the file may show, for a while, items
 * that are not committed, but after each opening it holds exactly those that are. Nothing keeps a second process from writing
 * to the same file.
 */
export class FileTarget {
  readonly file: string;
  readonly #handle: FileHandle;
  #length: number;
  /** Whether there may be bytes behind the length. */
  #isLonger = false;

  private constructor(file: string, handle: FileHandle, length: number) {
    this.file = file;
    this.#handle = handle;
    this.#length = length;
  }

  /**
   * @param length what was committed, in bytes; `null` for an empty file, which is made where it is missing (its folder is not)
   * @throws Error naming the file, when it may not be written, or has lost what was committed
   */
  static async open(file: string, length: number | null): Promise<FileTarget> {
    const handle = await open(file, length === null ? 'w' : 'r+').catch((error: unknown) => {
      throw unwritable(file, error, length);
    });
    try {
      const { size } = await handle.stat();
      if (size < (length ?? 0)) {
        throw new Error(
          `${file} has ${size} bytes, but ${length} were committed to it: somebody has cut it off or replaced it. ` +
            'Restore it, or launch with force to write it from the beginning.',
        );
      }
      await handle.truncate(length ?? 0);
      await handle.sync();
      if (length === null) await keepEntry(path.dirname(file));
      return new FileTarget(file, handle, length ?? 0);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** In bytes, of what has been written. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds a text.
   * @param closing what the file ends with as long as nothing is added: no part of its length, and overwritten next time
   */
  async append(text: string, closing = ''): Promise<void> {
    const bytes = Buffer.from(text + closing);
    if (this.#isLonger) await this.#handle.truncate(this.#length);
    this.#isLonger = true;
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await this.#handle
        .write(bytes, written, bytes.length - written, this.#length + written)
        .catch((error: unknown) => {
          throw unwritable(this.file, error, this.#length);
        });
      written += bytesWritten;
    }
    await this.#handle.datasync();
    this.#isLonger = closing !== '';
    this.#length += bytes.length - Buffer.byteLength(closing);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** A new file's name is on the disk when its folder is. Not every system lets folders be opened. */
async function keepEntry(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The file itself is kept by its own means.
  }
}

function unwritable(file: string, error: unknown, length: number | null): Error {
  const { code } = error as NodeJS.ErrnoException;
  const said = error instanceof Error ? error.message : String(error);
  if (code === 'EISDIR') return new Error(`${file} is a folder. Name a file in it.`, { cause: error });
  if (code !== 'ENOENT') return new Error(`${file} cannot be written (${said}).`, { cause: error });
  return new Error(
    length === null
      ? `${file} cannot be made: there is no folder ${path.dirname(file)}.`
      : `${file} is gone, but ${length} bytes were committed to it. Restore it, or launch with force to write it from the beginning.`,
    { cause: error },
  );
}
