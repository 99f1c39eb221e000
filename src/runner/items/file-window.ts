import { createHash } from 'node:crypto';

import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { type FileSource, openFileSource } from './file-source.ts';

/** A place in a file, as checkpoints hold it. */
export interface FilePlace extends JsonObject {
  /** In bytes from the beginning of the file. */
  readonly offset: number;
  /** Of the byte there, counted from 1. */
  readonly line: number;
  /** A digest of the bytes just before, by which a file is told that is another one now. */
  readonly before: string;
}

/** How many bytes before a place are looked at. */
const lookBehind = 64;
const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * The part of a file that is being looked at: from `position`, the end of what has been read, to `end`, as far as blocks have
 * been fetched. Only that (and a few bytes before, for `place`) is in memory.
 */
export class FileWindow {
  readonly file: string;
  /** Offset up to which the file has been read. Moved on by whoever reads. */
  position = 0;
  #source: FileSource;
  #bytes: Buffer = Buffer.alloc(0);
  /** Offset of the first of `#bytes`. */
  #base = 0;
  #line = 1;
  #lineAt = 0;

  private constructor(file: string, source: FileSource) {
    this.file = file;
    this.#source = source;
  }

  /**
   * Opens a file behind its byte order mark, if it has one.
   * @throws Error naming the file, when it cannot be read or is in UTF-16
   */
  static async open(file: string): Promise<FileWindow> {
    const window = new FileWindow(file, await openFileSource(file, 0));
    try {
      while (window.end < 3 && (await window.more()));
      const start = window.slice(0, Math.min(window.end, 3)).toString('hex');
      if (start.startsWith('fffe') || start.startsWith('feff')) {
        throw new Error(`${file} is encoded in UTF-16. Convert it to UTF-8.`);
      }
      if (start === 'efbbbf') window.position = 3;
      return window;
    } catch (error) {
      await window.close();
      throw error;
    }
  }

  /**
   * Goes to a place of a checkpoint: seeks, rather than reads what lies between.
   * @throws Error when the file is shorter now, or another one
   */
  async goTo(place: FilePlace): Promise<void> {
    await this.#source.close();
    this.#base = Math.max(0, place.offset - lookBehind);
    this.#source = await openFileSource(this.file, this.#base);
    this.#bytes = Buffer.alloc(0);
    this.position = this.#base;
    while (this.end < place.offset && (await this.more()));
    if (this.end < place.offset) {
      throw this.changed(`it has ${this.end} bytes, and ${place.offset} were read before`);
    }
    this.position = place.offset;
    this.#line = place.line;
    this.#lineAt = place.offset;
    if (this.#digestBefore() !== place.before)
      throw this.changed(`line ${place.line - 1} and before is not what it was`);
  }

  changed(how: string): Error {
    return new Error(
      `${this.file} has changed since the checkpoint: ${how}. ` +
        'Restore the file to go on where the last run ended, or launch with force to read it from the beginning.',
    );
  }

  /** Offset up to which the file is in memory. */
  get end(): number {
    return this.#base + this.#bytes.length;
  }

  /** The bytes between two offsets, `position` or beyond. */
  slice(from: number, to: number): Buffer {
    return this.#bytes.subarray(from - this.#base, to - this.#base);
  }

  /** The offset of a byte from an offset on, or -1. */
  find(byte: number, from: number): number {
    const index = this.#bytes.indexOf(byte, from - this.#base);
    return index === -1 ? -1 : index + this.#base;
  }

  /** Fetches another block. @returns `false` at the end of the file */
  async more(): Promise<boolean> {
    const block = await this.#source.next();
    if (block === null) return false;
    this.line();
    const kept = Math.max(this.#base, this.position - lookBehind);
    const rest = this.#bytes.subarray(kept - this.#base);
    this.#bytes = rest.length === 0 ? block : Buffer.concat([rest, block]);
    this.#base = kept;
    return true;
  }

  /** The line of `position`, counted from 1. Lines end with LF, CR or both. */
  line(): number {
    this.#line = this.lineOf(this.position);
    this.#lineAt = this.position;
    return this.#line;
  }

  /** The line of an offset that is in memory, `position` or beyond. */
  lineOf(offset: number): number {
    const bytes = this.slice(this.#lineAt, offset);
    let line = this.#line;
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) line++;
    for (let at = bytes.indexOf(carriageReturn); at !== -1; at = bytes.indexOf(carriageReturn, at + 1)) {
      if (this.#bytes[this.#lineAt - this.#base + at + 1] !== newline) line++;
    }
    return line;
  }

  /** Moves behind the ends of lines that `position` stands on. */
  skipLineEnds(): void {
    for (;;) {
      const byte = this.#bytes[this.position - this.#base];
      if (byte !== newline && byte !== carriageReturn) return;
      this.position++;
    }
  }

  /**
   * Moves behind the end of the line, however far that is.
   * @returns what the line begins with, at most `keep` bytes
   */
  async skipLine(keep: number): Promise<Buffer> {
    const start = this.position;
    let begun: Buffer | null = null;
    for (;;) {
      const lineEnd = this.#lineEnd();
      const known = this.slice(Math.max(start, this.#base), lineEnd ?? this.end);
      begun ??= lineEnd !== null || known.length >= keep ? Buffer.from(known.subarray(0, keep)) : null;
      if (lineEnd !== null) {
        this.position = lineEnd;
        return begun ?? known;
      }
      // What is kept has been copied: the rest of a long line need not stay in memory.
      if (begun !== null) this.position = Math.max(this.position, this.end - 1);
      if (await this.more()) continue;
      begun ??= Buffer.from(known.subarray(0, keep));
      this.position = this.end;
      return begun;
    }
  }

  /** The offset behind the end of the line of `position`, `null` when that is not in memory yet. */
  #lineEnd(): number | null {
    const lf = this.find(newline, this.position);
    const cr = this.find(carriageReturn, this.position);
    if (cr === -1 || (lf !== -1 && lf < cr)) return lf === -1 ? null : lf + 1;
    if (cr + 1 === this.end) return null;
    return lf === cr + 1 ? lf + 1 : cr + 1;
  }

  /** Where `position` is, for a checkpoint. */
  place(): FilePlace {
    return { offset: this.position, line: this.line(), before: this.#digestBefore() };
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  #digestBefore(): string {
    const bytes = this.slice(Math.max(this.#base, this.position - lookBehind), this.position);
    return createHash('sha256').update(bytes).digest('base64').slice(0, 16);
  }
}

/** @throws Error for a checkpoint that another kind of reader has made */
export function filePlaceOf(checkpoint: Json): FilePlace {
  if (isJsonObject(checkpoint)) {
    const { offset, line, before } = checkpoint;
    if (typeof offset === 'number' && typeof line === 'number' && typeof before === 'string') {
      return { offset, line, before };
    }
  }
  throw new Error('The checkpoint was made by another kind of reader. Launch with force to read from the beginning.');
}
