import { constants, fstatSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';

/** Somebody else has written to a file. It is no item's fault: written once more, the items may go through. */
class ForeignWrite extends Error {
  readonly isUncertain = true;
}

/**
 * A file that is written at its end and cut back to a length that was committed.
 *
 * A write is on the disk when it returns. One that fails, or whose process dies before its chunk is committed, leaves bytes
 * behind the committed length: the next write, or the next opening, cuts them off. So the file may show, for a while, items
 * that are not committed, but after each opening it holds exactly those that are.
 *
 * Nothing keeps a second process from writing to the same file, but it is noticed: before and after each write the file has the size that we
 * have left it with, or nothing more is written. So a process that was paused writes nothing over what its successor has written; only one that is
 * paused between the look at the size and the write itself, which may have to wait for a thread, does. A file that nothing closes it can only make longer.
 */
export class FileTarget {
  readonly file: string;
  readonly #handle: FileHandle;
  readonly #onlyAppends: boolean;
  #length: number;
  /** What the file has in all, as we have left it; `null` when a write has failed, and nobody knows. */
  #size: number | null;

  private constructor(file: string, handle: FileHandle, length: number, onlyAppends: boolean) {
    this.file = file;
    this.#handle = handle;
    this.#length = length;
    this.#size = length;
    this.#onlyAppends = onlyAppends;
  }

  /**
   * @param length what was committed, in bytes; `null` for an empty file, which is made where it is missing (its folder is not)
   * @param onlyAppends whether nothing ever closes the file
   * @throws Error naming the file, when it may not be written, or has lost what was committed
   */
  static async open(file: string, length: number | null, onlyAppends: boolean): Promise<FileTarget> {
    const { O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = constants;
    const flags = O_RDWR | (length === null ? O_CREAT | O_TRUNC : 0) | (onlyAppends ? O_APPEND : 0);
    const handle = await open(file, flags).catch((error: unknown) => {
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
      return new FileTarget(file, handle, length ?? 0, onlyAppends);
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
   * @param closing what the file ends with as long as nothing is added: no part of its length, and overwritten next time by a text that is no
   * shorter; none where it was opened as one that only appends
   * @throws Error naming the file, when it cannot be written, or somebody else has written to it
   */
  async append(text: string, closing = ''): Promise<void> {
    const bytes = Buffer.from(text + closing);
    const size = this.#length + bytes.length;
    // At once before the write: what is done in between, by whom ever, is not seen.
    if (this.#size === null) await this.#handle.truncate(this.#length);
    else this.#expect(this.#size);
    this.#size = null;
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await this.#handle
        .write(bytes, written, bytes.length - written, this.#onlyAppends ? null : this.#length + written)
        .catch((error: unknown) => {
          throw unwritable(this.file, error, this.#length);
        });
      written += bytesWritten;
    }
    await this.#handle.datasync();
    this.#expect(size);
    this.#size = size;
    this.#length = size - Buffer.byteLength(closing);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Not by way of another thread: the less lies between it and a write, the better. It asks no disk. */
  #expect(size: number): void {
    const found = fstatSync(this.#handle.fd).size;
    if (found === size) return;
    throw new ForeignWrite(
      `${this.file} has ${found} bytes, but this step has left it with ${size}: somebody else writes to it. ` +
        'Two steps, or programs, must not write to one file; a restart cuts off what is not committed.',
    );
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
