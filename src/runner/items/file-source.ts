import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** The bytes of a file, block by block, from an offset on. */
export interface FileSource {
  /** `null` at the end. Each block is a buffer of its own, of at least one byte. */
  next(): Promise<Buffer | null>;
  close(): Promise<void>;
}

const blockBytes = 64 * 1024;

/**
 * Opens a file for reading. One that is compressed by gzip (which its first bytes tell) is unpacked on the way; offsets are
 * those of the unpacked bytes then, and beginning at one costs unpacking all before it.
 * @throws Error naming the file, when it is missing, a folder, or may not be read
 */
export async function openFileSource(file: string, offset: number): Promise<FileSource> {
  const handle = await openForReading(file);
  try {
    const magic = Buffer.alloc(2);
    const { bytesRead } = await handle.read(magic, 0, 2, 0);
    if (bytesRead < 2 || magic.readUInt16BE() !== 0x1f8b) return plainSource(file, handle, offset);
  } catch (error) {
    await handle.close();
    throw unreadable(file, error);
  }
  await handle.close();
  return unpackedSource(file, offset);
}

async function openForReading(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, 'r');
    if (!(await handle.stat()).isDirectory()) return handle;
    await handle.close();
  } catch (error) {
    throw unreadable(file, error);
  }
  throw new Error(`${file} is a folder. Name a file in it.`);
}

function plainSource(file: string, handle: FileHandle, offset: number): FileSource {
  let position = offset;
  return {
    async next() {
      // Not used again: what was read of it may still be looked at.
      const block = Buffer.allocUnsafeSlow(blockBytes);
      const { bytesRead } = await handle.read(block, 0, blockBytes, position).catch((error: unknown) => {
        throw unreadable(file, error);
      });
      position += bytesRead;
      return bytesRead === 0 ? null : block.subarray(0, bytesRead);
    },
    close: () => handle.close(),
  };
}

function unpackedSource(file: string, offset: number): FileSource {
  const packed = createReadStream(file);
  // Its errors come out of the iterator below.
  const unpacked = pipeline(packed, createGunzip({ chunkSize: blockBytes }), () => {});
  const blocks = unpacked[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let toSkip = offset;
  let failure: Error | null = null;
  return {
    async next() {
      for (;;) {
        // Asked again, the iterator would say that the file has ended.
        if (failure !== null) throw failure;
        const { done, value } = await blocks.next().catch((error: unknown) => {
          failure = new Error(`${file} cannot be unpacked (${textOf(error)}): it is damaged or cut off.`, {
            cause: error,
          });
          throw failure;
        });
        if (done === true) return null;
        const skipped = Math.min(toSkip, value.length);
        toSkip -= skipped;
        if (skipped < value.length) return value.subarray(skipped);
      }
    },
    async close() {
      unpacked.destroy();
      packed.destroy();
    },
  };
}

function unreadable(file: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new Error(`There is no file ${file}. Has the step that makes it run, and is the path right?`, {
      cause: error,
    });
  }
  return new Error(`${file} cannot be read (${textOf(error)}).`, { cause: error });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
